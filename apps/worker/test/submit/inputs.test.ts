import { inputKey, sha256 } from '@darkroom/shared/render';
import { requires } from '@darkroom/testkit';
import sharp from 'sharp';
import { expect, test } from 'vitest';
import { openHarness } from '../support/harness.ts';

requires('redis').describe('a stored reference image', () => {
  test.each([
    ['upload', 'jpeg', 1],
    ['upload', 'gif', 1],
    ['inline', 'jpeg', 0],
    // The provider takes no GIF as a data URI.
    ['inline', 'gif', 1],
  ] as const)(
    'a stored image with TOAPIS_INPUTS=%s reaches the provider as the %s that it is',
    async (how, format, uploads) => {
      const harness = await openHarness({ settings: { TOAPIS_INPUTS: how } });
      await harness.startWorker();
      const image = sharp({ create: { width: 12, height: 8, channels: 3, background: 'teal' } });
      const bytes = await image.toFormat(format).toBuffer();
      const key = inputKey(sha256(bytes));
      const contentType = `image/${format}`;
      await harness.store.put(key, bytes, { contentType });
      const id = await harness.enqueue({
        images: [{ kind: 'stored', key, contentType, bytes: bytes.length }],
      });
      expect((await harness.waitForReceipt(id)).status).toBe('completed');
      const { upload } = harness.simulator.requests.counts().categories;
      expect(upload.answered).toEqual(uploads === 1 ? { 200: 1 } : {});
      const [task] = harness.simulator.tasks.all();
      if (uploads === 1) expect(task?.references[0]).toMatch(format === 'gif' ? /\.gif$/ : /\.jpg$/);
      else expect(task?.references[0]).toMatch(/^inline_/);
    },
  );
});

requires('redis').describe('reference images', () => {
  const png = Buffer.from(
    'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
    'base64',
  );
  const stored = { kind: 'stored', key: 'inputs/abc', contentType: 'image/png', bytes: png.length } as const;

  test('stored bytes are uploaded first and sent as a URL', async () => {
    const harness = await openHarness();
    await harness.store.put('inputs/abc', png, { contentType: 'image/png' });
    await harness.startWorker();
    const id = await harness.enqueue({ images: [stored] });
    expect((await harness.waitForReceipt(id)).status).toBe('completed');
    expect(harness.simulator.requests.counts().categories.upload.received).toBe(1);
    const task = harness.simulator.tasks.get(harness.simulator.book.byBusinessId(id)[0]?.taskId ?? '');
    expect(task?.references).toHaveLength(1);
  });

  test('a failed upload has bought nothing and is tried again, and a refused upload fails the render', async () => {
    const harness = await openHarness();
    await harness.store.put('inputs/abc', png, { contentType: 'image/png' });
    harness.simulator.faults.add({ kind: 'internal_error', route: 'upload' });
    await harness.startWorker();
    const fine = await harness.enqueue({ images: [stored] });
    expect((await harness.waitForReceipt(fine)).status).toBe('completed');
    expect((await harness.queues.submit.getJob(`${fine}.s1`))?.attemptsMade).toBe(2);

    await harness.store.put('inputs/bad', 'not an image', { contentType: 'image/png' });
    const bad = await harness.enqueue({ images: [{ ...stored, key: 'inputs/bad' }] });
    expect((await harness.waitForReceipt(bad)).failure).toMatchObject({
      code: 'invalid_request',
      step: 'submit',
    });
    expect(harness.countPurchases(bad).charged).toBe(0);
  });
});
