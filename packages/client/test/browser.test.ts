import { join } from 'node:path';
import { openPage, requires } from '@darkroom/testkit';
import { expect } from 'vitest';
import { createConsumerProject } from './support/consumer-project.ts';
import { startDarkroom } from './support/running-darkroom.ts';

requires('redis', 'browser').test(
  'the packed client works in a browser without a bundler',
  async () => {
    const darkroom = await startDarkroom({ worker: true });
    const dist = join(await createConsumerProject('client'), 'node_modules/@darkroom/client/dist');
    const { page, troubles } = await openPage();
    const posted: string[] = [];
    page.on('request', (request) => request.method() === 'POST' && posted.push(request.url()));
    // The page has the same origin as the API, because the API does not answer other origins.
    await page.route(`${darkroom.url}/shop/**`, (route) => {
      const file = new URL(route.request().url()).pathname.slice('/shop/'.length);
      return file
        ? route.fulfill({ path: join(dist, file), contentType: 'text/javascript' })
        : route.fulfill({ body: '<!doctype html><title>shop</title>', contentType: 'text/html' });
    });
    await page.goto(`${darkroom.url}/shop/`);
    const result = await page.evaluate(`(async () => {
      const { createDarkroom, verifyWebhook } = await import('/shop/index.js');
      const { renders } = createDarkroom({ url: location.origin, apiKey: '${darkroom.apiKey}' });
      const tally = await renders.createMany([{ prompt: 'a' }, { prompt: '' }]).finish();
      const { id } = await renders.create({ prompt: 'a mug' });
      const render = await renders.wait(id);
      const bytes = await renders.image(id).bytes();
      const webhookError = await verifyWebhook('{}', new Headers(), 'whsec_AAAA').catch((error) => error.code);
      return { tally, status: render.status, complete: bytes.length === render.image.bytes, webhookError };
    })()`);
    expect(result).toEqual({
      tally: { accepted: 1, duplicates: 0, rejected: 1 },
      status: 'completed',
      complete: true,
      webhookError: 'webhook_headers',
    });
    // Chromium sometimes reports a streamed response as failed that was read to its end. The second check shows that the client
    // sent nothing again.
    const bulk = `${darkroom.url}/v1/renders/bulk`;
    expect(troubles.filter((trouble) => trouble !== `failed: ${bulk}`)).toEqual([]);
    expect(posted.filter((url) => url === bulk)).toHaveLength(1);
  },
  120_000,
);
