import { type Clock, parseSettings, systemClock } from '@darkroom/shared';
import { cleanup, needs, openPage, tempDir } from '@darkroom/testkit';
import { beforeAll, expect, test } from 'vitest';
import { sampleCatalogue } from '../src/catalogue.ts';
import { type House, openHouse } from '../src/compose.ts';
import { renderCatalogue } from '../src/render-catalogue.ts';
import type { Ended } from '../src/summary.ts';

const clock: Clock = systemClock;

needs('browser').describe('what an operator sees, in a real browser', () => {
  let house: House;
  let ended: Ended[];

  beforeAll(async () => {
    const settings = {
      ...parseSettings({ DATA_DIR: await tempDir(), LOG_LEVEL: 'silent' }),
      PORT: 0,
      WORKER_PORT: 0,
    };
    house = await openHouse({ settings, secrets: [], clock, fast: true });
    cleanup(() => house.close());
    // Up to the sample that the provider refuses.
    const samples = await sampleCatalogue(15, '1');
    const quiet = { show: () => undefined, end: () => undefined };
    const signal = new AbortController().signal;
    ({ ended } = await renderCatalogue(samples, house, {
      clock,
      signal,
      progress: quiet,
      startedAt: clock.now(),
    }));
  }, 60_000);

  test('the first page leads to the renders and the dead letters', async () => {
    const { page, troubles } = await openPage();
    await page.goto(house.producer.url);
    await page.getByRole('link', { name: 'Dead letters' }).click();
    await page.getByText('content_policy_violation at submit').first().waitFor();
    expect(troubles).toEqual([]);
  });

  test('Bull Board shows a completed render by its prompt, and no secret', async () => {
    const { page, troubles } = await openPage();
    await page.goto(`${house.producer.url}/queues/queue/render?status=completed`);
    await page
      .getByText(/Hand-thrown|Walnut|Field watch|Enamel|Sea-salt/)
      .first()
      .waitFor();
    expect(await page.getByText(/rnd_[0-9a-f]{32}/).count()).toBeGreaterThan(0);
    expect(await page.content()).not.toMatch(/data:image\/png;base64,iVBOR/);
    expect(troubles).toEqual([]);
  });

  test('a failed render says why on its page', async () => {
    const failed = ended.find(({ sample }) => sample.ends === 'failed');
    const { page, troubles } = await openPage();
    await page.goto(`${house.producer.url}/queues/queue/render/${failed?.id}`);
    await page.getByText('content_policy_violation').first().waitFor();
    expect(troubles).toEqual([]);
  });

  test('the image that the API names opens as a picture of the size it says', async () => {
    const { receipt, id } = ended.find(({ receipt }) => receipt.image) as Ended;
    const render = (await (await fetch(`${house.producer.url}/v1/renders/${id}`)).json()) as {
      image: { url: string };
    };
    const { page, troubles } = await openPage();
    await page.goto(render.image.url);
    const seen = await page.evaluate('[document.images[0].naturalWidth, document.images[0].naturalHeight]');
    expect(seen).toEqual([receipt.image?.width, receipt.image?.height]);
    expect(troubles).toEqual([]);
  });
});
