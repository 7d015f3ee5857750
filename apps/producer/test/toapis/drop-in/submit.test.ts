import { checkpointSchema, type Receipt, renderIdFor } from '@darkroom/shared/render';
import { requires } from '@darkroom/testkit';
import { describe, expect, test } from 'vitest';
import { readEnvelope, readTask, submit } from '../../support/drop-in-client.ts';
import { createImageUri, type Harness, openHarness } from '../../support/harness.ts';

const ask = { model: 'gemini-3-pro-image-preview', prompt: 'a lighthouse at dusk', size: '16:9', n: 1 };

const requestOf = async (rig: Harness, id: string) =>
  checkpointSchema.parse((await rig.queues.render.getJob(id))?.data).request;

requires('redis').describe('a submission for the provider', () => {
  test('is a render in the queue before it is answered, under the id of its task', async () => {
    const rig = await openHarness();
    const task = await readTask(await submit(rig, ask));
    expect(task).toMatchObject({ status: 'queued', progress: 0, model: ask.model, metadata: {} });
    expect(await requestOf(rig, task.id)).toMatchObject({
      prompt: ask.prompt,
      size: '16:9',
      resolution: '1K',
      priority: 'interactive',
    });
    const native = await rig.get(`/v1/renders/${task.id}`);
    expect(await native.json()).toMatchObject({ id: task.id, status: 'queued' });
  });

  test.each([
    [{ resolution: '2K' }, { resolution: '2K' }],
    [{ metadata: { resolution: '4K' } }, { resolution: '4K' }],
    [{ resolution: '2K', metadata: { resolution: '4K' } }, { resolution: '4K' }],
    [
      { size: undefined, metadata: { orientation: 'landscape' } },
      { size: '4:3', metadata: { orientation: 'landscape' } },
    ],
    [
      { size: null, metadata: { orientation: 'portrait' } },
      { size: '3:4', metadata: { orientation: 'portrait' } },
    ],
    [{ metadata: { orientation: 'portrait' } }, { size: '16:9', metadata: { orientation: 'portrait' } }],
    [{ client_business_id: 'order-7' }, { metadata: { client_business_id: 'order-7' } }],
    [{ model: 'nano-banana-pro' }, { model: 'nano-banana-pro' }],
    [{ model: undefined }, { model: 'gemini-3-pro-image-preview' }],
  ])('with %o is a render with %o', async (change, expected) => {
    const rig = await openHarness();
    const { id } = await readTask(await submit(rig, { ...ask, ...change }));
    expect(await requestOf(rig, id)).toMatchObject(expected);
  });

  test('takes images as strings, as objects and as data URIs, and ignores what the provider ignores', async () => {
    const rig = await openHarness();
    const uri = await createImageUri('png');
    const { id } = await readTask(
      await submit(rig, {
        ...ask,
        image_urls: ['https://images.example/a.png', { url: 'https://images.example/b.png', alt: 'b' }, uri],
        mask_url: 'https://images.example/m.png',
        callback_url: 'https://shop.example/hook?secret=1',
        priority: 'whatever',
        webhook_url: 5,
        metadata: { anything: [{}] },
      }),
    );
    const request = await requestOf(rig, id);
    expect(request.images.map(({ kind }) => kind)).toEqual(['url', 'url', 'stored']);
    expect(request).toMatchObject({ priority: 'interactive', mask: { kind: 'url' } });
    expect(request).not.toHaveProperty('metadata');
    expect(request).not.toHaveProperty('webhook');
  });

  test('that is wrong in many ways is told all of them, each with its field', async () => {
    const rig = await openHarness();
    const body = {
      prompt: 'x'.repeat(1001),
      n: '1',
      metadata: { resolution: '8K' },
      image_urls: ['https://images.example/a.png', 'b.png'],
      client_business_id: 'x'.repeat(256),
    };
    const { message, ...rest } = await readEnvelope(await submit(rig, body));
    expect(rest).toEqual({ status: 400, code: 'invalid_request', type: 'invalid_request_error' });
    expect(message.split('; ')).toEqual([
      expect.stringMatching(
        /^prompt: expected at most 1000 characters, received a string of 1001 characters/,
      ),
      expect.stringMatching(/^n: expected the number 1, received the string "1"$/),
      expect.stringMatching(/^image_urls\[1\]: expected a public http\(s\) URL or a data URI/),
      expect.stringMatching(
        /^metadata\.resolution: expected one of "1K", "2K", "4K", received the string "8K"$/,
      ),
      expect.stringMatching(
        /^client_business_id: expected at most 255 bytes, received a string of 256 characters/,
      ),
    ]);
    expect(await rig.jobCount()).toBe(0);
  });

  test('tells nobody a data URI or a signed URL that was wrong', async () => {
    const rig = await openHarness();
    const image_urls = [
      `data:image/bmp;base64,${'QUJD'.repeat(20)}`,
      `https://x.example/${'y'.repeat(5000)}?sig=topsecret`,
    ];
    const { message } = await readEnvelope(await submit(rig, { ...ask, image_urls }));
    for (const secret of ['QUJDQUJD', 'topsecret']) {
      expect(message).not.toContain(secret);
      expect(rig.logs()).not.toContain(secret);
    }
  });

  describe('is the same render', () => {
    test('under the same Idempotency-Key, which is also that of the native API', async () => {
      const rig = await openHarness();
      const key = { 'idempotency-key': 'order-7' };
      const first = await readTask(await submit(rig, ask, key));
      expect(first.id).toBe(renderIdFor('default', 'order-7'));
      expect((await readTask(await submit(rig, { ...ask, unknown: 1 }, key))).id).toBe(first.id);
      const native = await rig.post({ prompt: ask.prompt, size: ask.size }, key);
      expect(await native.json()).toMatchObject({ id: first.id, duplicate: true });
      const other = await readEnvelope(await submit(rig, { ...ask, prompt: 'another' }, key));
      expect(other).toMatchObject({ status: 409, code: 'idempotency_conflict' });
      expect(other.message).toContain('another prompt');
      expect(await rig.jobCount()).toBe(1);
    });

    test('under the same client_business_id, for the same request only', async () => {
      const rig = await openHarness();
      const named = { ...ask, client_business_id: 'order-7' };
      const ids = [
        await readTask(await submit(rig, named)),
        await readTask(await submit(rig, { ...named, resolution: '1K', callback_url: null })),
        await readTask(await submit(rig, { ...named, prompt: 'another' })),
        await readTask(await submit(rig, { ...named, client_business_id: 'order-8' })),
      ].map(({ id }) => id);
      expect(ids[1]).toBe(ids[0]);
      expect(new Set(ids).size).toBe(3);
    });

    test('for all of twenty that race under one client_business_id', async () => {
      const rig = await openHarness();
      const tasks = await Promise.all(
        Array.from({ length: 20 }, async () =>
          readTask(await submit(rig, { ...ask, client_business_id: 'r' })),
        ),
      );
      expect(new Set(tasks.map(({ id }) => id)).size).toBe(1);
      expect(await rig.jobCount()).toBe(1);
    });

    test('never without a key and a client_business_id', async () => {
      const rig = await openHarness();
      const [one, two] = [await readTask(await submit(rig, ask)), await readTask(await submit(rig, ask))];
      expect(one.id).not.toBe(two.id);
    });
  });

  describe('that comes back under its client_business_id after the render ended', () => {
    const named = { ...ask, client_business_id: 'order-7' };
    const end = async (rig: Harness, id: string, more: Partial<Receipt>) => {
      const { fingerprint, request, createdAt } = checkpointSchema.parse(
        (await rig.queues.render.getJob(id))?.data,
      );
      await rig.ledger.writeReceipt({
        version: 1,
        renderId: id,
        tenant: 'default',
        status: 'failed',
        request,
        fingerprint,
        createdAt,
        finishedAt: createdAt + 1000,
        attempts: 1,
        purchases: [],
        costMicros: 0,
        ...more,
      });
      await rig.queues.render.remove(id);
    };
    const failed = (code: 'content_policy_violation' | 'submission_unknown') => ({
      failure: { code, message: 'no', step: 'submit' as const, at: 1, chain: [] },
    });

    test('is rendered anew when it had failed, and once', async () => {
      const rig = await openHarness();
      const first = await readTask(await submit(rig, named));
      await end(rig, first.id, failed('content_policy_violation'));
      const [second, again] = [
        await readTask(await submit(rig, named)),
        await readTask(await submit(rig, named)),
      ];
      expect(second).toMatchObject({ status: 'queued' });
      expect(second.id).not.toBe(first.id);
      expect(again.id).toBe(second.id);
    });

    test('is not bought again when nobody knows whether it was bought', async () => {
      const rig = await openHarness();
      const first = await readTask(await submit(rig, named));
      await end(rig, first.id, failed('submission_unknown'));
      expect(await readTask(await submit(rig, named))).toMatchObject({
        id: first.id,
        status: 'failed',
        error: { code: 'submission_unknown' },
      });
      expect(await rig.jobCount()).toBe(0);
    });

    test('is answered with its image when it has one', async () => {
      const rig = await openHarness();
      const first = await readTask(await submit(rig, named));
      const image = {
        key: `images/${first.id}.png`,
        sha256: 'ab'.repeat(32),
        bytes: 9,
        width: 4,
        height: 3,
        contentType: 'image/png',
        thumbnailKey: `thumbnails/${first.id}.webp`,
      };
      await end(rig, first.id, { status: 'completed', image });
      const again = await readTask(await submit(rig, named));
      expect(again).toMatchObject({
        id: first.id,
        status: 'completed',
        result: { data: [{ url: expect.stringMatching(/^http/) }] },
      });
    });
  });
});
