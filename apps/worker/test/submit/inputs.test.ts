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
    'with TOAPIS_INPUTS=%s reaches the provider as the %s that it is',
    async (how, format, uploads) => {
      const harness = await openHarness({ settings: { TOAPIS_INPUTS: how } });
      await harness.startWorker();
      const picture = sharp({ create: { width: 12, height: 8, channels: 3, background: 'teal' } });
      const bytes = await picture.toFormat(format).toBuffer();
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
