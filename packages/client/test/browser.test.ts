import { join } from 'node:path';
import { openPage, requires } from '@darkroom/testkit';
import { expect } from 'vitest';
import { foreignProject } from './support/consumer-project.ts';
import { openHouse } from './support/running-darkroom.ts';

requires('redis', 'browser').test(
  'the packed client works in a browser as it is, without a bundler',
  async () => {
    const house = await openHouse({ work: true });
    const dist = join(await foreignProject('client'), 'node_modules/@darkroom/client/dist');
    const { page, troubles } = await openPage();
    const posted: string[] = [];
    page.on('request', (request) => request.method() === 'POST' && posted.push(request.url()));
    // Of the same origin as the API, which answers no other.
    await page.route(`${house.url}/shop/**`, (route) => {
      const file = new URL(route.request().url()).pathname.slice('/shop/'.length);
      return file
        ? route.fulfill({ path: join(dist, file), contentType: 'text/javascript' })
        : route.fulfill({ body: '<!doctype html><title>shop</title>', contentType: 'text/html' });
    });
    await page.goto(`${house.url}/shop/`);
    const seen = await page.evaluate(`(async () => {
      const { createDarkroom, verifyWebhook } = await import('/shop/index.js');
      const { renders } = createDarkroom({ url: location.origin, apiKey: '${house.apiKey}' });
      const tally = await renders.createMany([{ prompt: 'a' }, { prompt: '' }]).finish();
      const { id } = await renders.create({ prompt: 'a mug' });
      const render = await renders.wait(id);
      const bytes = await renders.image(id).bytes();
      const refused = await verifyWebhook('{}', new Headers(), 'whsec_AAAA').catch((error) => error.code);
      return { tally, status: render.status, whole: bytes.length === render.image.bytes, refused };
    })()`);
    expect(seen).toEqual({
      tally: { accepted: 1, duplicates: 0, rejected: 1 },
      status: 'completed',
      whole: true,
      refused: 'webhook_headers',
    });
    // Chromium at times calls an answer aborted that was read to its end piece by piece; nothing was sent again.
    const bulk = `${house.url}/v1/renders/bulk`;
    expect(troubles.filter((trouble) => trouble !== `failed: ${bulk}`)).toEqual([]);
    expect(posted.filter((url) => url === bulk)).toHaveLength(1);
  },
  120_000,
);
