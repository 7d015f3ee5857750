import { requires } from '@darkroom/testkit';
import { expect, test } from 'vitest';
import { computeMaxPixels, findWarnings } from '../../src/store-image/requested-size.ts';
import { startFakeProvider } from '../support/fake-provider.ts';
import { openHarness } from '../support/harness.ts';

test.each([
  [{ size: '1:1', resolution: '1K' }, 1024, 1024],
  [{ size: '9:16', resolution: '1K' }, 768, 1376],
  [{ size: '21:9', resolution: '4K' }, 6336, 2688],
  [{ size: '4:5', resolution: '2K' }, 1856, 2304],
  [{ resolution: '1K' }, 1584, 672],
  [{ resolution: '1K' }, 4096, 4096],
  [undefined, 1, 1],
] as const)('an image as %j requested it, of %i x %i pixels, has no warning', (requested, width, height) => {
  expect(findWarnings({ width, height }, requested)).toEqual([]);
});

test.each([
  [{ size: '1:1', resolution: '1K' }, 1376, 768, ['aspect ratio: expected 1:1, received 1376x768']],
  [{ size: '9:16', resolution: '1K' }, 1376, 768, ['aspect ratio: expected 9:16, received 1376x768']],
  [{ resolution: '4K' }, 1024, 1024, ['resolution: expected 4K, received 1024x1024']],
  [
    { size: '3:2', resolution: '1K' },
    100,
    100,
    ['aspect ratio: expected 3:2, received 100x100', 'resolution: expected 1K, received 100x100'],
  ],
] as const)(
  'an image that %j requested, of %i x %i pixels, has warnings',
  (requested, width, height, warnings) => {
    expect(findWarnings({ width, height }, requested)).toEqual(warnings);
  },
);

test('the limit of pixels leaves room for each size that the provider sells, whichever was requested', () => {
  expect(computeMaxPixels({ resolution: '1K' })).toBeGreaterThan(6336 * 2688);
  expect(computeMaxPixels({ resolution: '4K' })).toBeGreaterThan(2 * 6336 * 2688);
  expect(computeMaxPixels({ resolution: '4K' })).toBeLessThan(computeMaxPixels(undefined));
});

requires('redis').test(
  'an image that differs from its request completes with warnings in its receipt',
  async () => {
    const provider = await startFakeProvider();
    const harness = await openHarness({ settings: { TOAPIS_BASE_URL: 'http://127.0.0.1' } });
    await harness.startWorker({ provider });
    const id = await harness.enqueue({ size: '3:2', resolution: '2K' });
    expect(await harness.waitForReceipt(id)).toMatchObject({
      status: 'completed',
      image: {
        width: 8,
        warnings: ['aspect ratio: expected 3:2, received 8x8', 'resolution: expected 2K, received 8x8'],
      },
    });
  },
);
