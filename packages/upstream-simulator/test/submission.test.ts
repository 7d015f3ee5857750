import sharp from 'sharp';
import { describe, expect, test } from 'vitest';
import { openSimulator } from './support.ts';

const DATA_URI = 'data:image/png;base64,';

async function createPng(width: number, height: number): Promise<string> {
  const bytes = await sharp({ create: { width, height, channels: 3, background: 'red' } })
    .png()
    .toBuffer();
  return DATA_URI + bytes.toString('base64');
}

describe('a submission', () => {
  test('a valid submission is answered with the documented task object', async () => {
    const sim = await openSimulator();
    const response = await sim.submit({ n: 1, size: '16:9', resolution: '2K', model: 'nano-banana-pro' });
    expect(response.status).toBe(200);
    expect(await response.json()).toEqual({
      id: expect.stringMatching(/^task_img_[a-z0-9]+$/),
      object: 'generation.task',
      model: 'nano-banana-pro',
      status: 'queued',
      progress: 0,
      created_at: Math.floor(sim.clock.now() / 1000),
      metadata: {},
    });
  });

  test.each([
    ['no model', { model: undefined }, /model/],
    ['an unknown model', { model: 'dall-e' }, /model/],
    ['no prompt', { prompt: undefined }, /prompt/],
    ['a prompt of 1001 characters', { prompt: 'x'.repeat(1001) }, /1000/],
    ['a quoted n', { n: '1' }, /n must be a number/],
    ['two images', { n: 2 }, /n must be 1/],
    ['an unknown size', { size: '7:5' }, /size/],
    ['an unknown resolution', { resolution: '8K' }, /resolution/],
    ['an unknown metadata.resolution', { metadata: { resolution: 'huge' } }, /resolution/],
    ['an unknown orientation', { metadata: { orientation: 'upside-down' } }, /orientation/],
    ['image_urls that are no array', { image_urls: 'https://x.test/a.png' }, /array/],
    ['15 images', { image_urls: Array(15).fill('https://x.test/a.png') }, /14/],
    ['base64 without its prefix', { image_urls: ['iVBORw0KGgo='] }, /data URI/],
    ['a data URI of another type', { image_urls: ['data:image/bmp;base64,AAAA'] }, /data:image/],
    ['a data URI that is not base64', { image_urls: [`${DATA_URI}%%%`] }, /base64/],
    ['a data URI that holds no image', { image_urls: [`${DATA_URI}AAAA`] }, /not a JPEG/],
    ['a mask without a reference', { mask_url: 'https://x.test/m.png' }, /reference/],
    ['an unknown fault in the prompt', { prompt: '[[sim:nonsense]]' }, /nonsense/],
  ])('a submission with %s is refused with 400 invalid_request', async (_what, body, message) => {
    const sim = await openSimulator();
    const response = await sim.submit(body);
    expect(response.status).toBe(400);
    expect(await response.json()).toEqual({
      error: {
        code: 'invalid_request',
        message: expect.stringMatching(message),
        type: 'invalid_request_error',
      },
    });
    expect(sim.book.totals().tasks).toBe(0);
  });

  test('a prompt of exactly 1000 characters is accepted, counted in characters', async () => {
    const sim = await openSimulator();
    expect((await sim.submit({ prompt: '🦊'.repeat(1000) })).status).toBe(200);
  });

  test('a body that is not JSON is refused in the same envelope', async () => {
    const sim = await openSimulator();
    const response = await fetch(`${sim.url}/v1/images/generations`, {
      method: 'POST',
      headers: { authorization: `Bearer ${sim.apiKey}`, 'content-type': 'application/json' },
      body: '{"model":',
    });
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ error: { code: 'invalid_request' } });
  });

  test.each(['', 'Bearer wrong', 'sim-key'])(
    'a submission with the authorization "%s" is 401',
    async (authorization) => {
      const sim = await openSimulator();
      const response = await sim.submit({}, { authorization });
      expect(response.status).toBe(401);
      expect(await response.json()).toMatchObject({
        error: { code: 'unauthorized', type: 'authentication_error' },
      });
      expect(sim.requests.counts().categories.submit).toMatchObject({ received: 1, answered: { 401: 1 } });
    },
  );

  test('a submission accepts images as strings, as objects and as data URIs', async () => {
    const sim = await openSimulator();
    const image_urls = ['https://x.test/a.jpg', { url: 'https://x.test/b.webp' }, await createPng(8, 8)];
    expect((await sim.submit({ image_urls })).status).toBe(200);
  });

  test('the resolution is read from the top level or from metadata, and is charged', async () => {
    const sim = await openSimulator();
    await sim.buy({ client_business_id: 'top', resolution: '2K' });
    await sim.buy({ client_business_id: 'metadata', metadata: { resolution: '4K' } });
    await sim.buy({ client_business_id: 'none' });
    expect(sim.book.byBusinessId('top')[0]?.charged).toBe(30_000);
    expect(sim.book.byBusinessId('metadata')[0]?.charged).toBe(40_000);
    expect(sim.book.byBusinessId('none')[0]?.charged).toBe(25_000);
  });

  test('an inline image over 10 MB is refused', async () => {
    const sim = await openSimulator();
    const image = `${DATA_URI}${Buffer.alloc(10 * 1024 * 1024 + 1).toString('base64')}`;
    const response = await sim.submit({ image_urls: [image] });
    expect(response.status).toBe(400);
    expect(await response.text()).toContain('larger than 10MB');
  });

  test('a mask of the size of the reference image is accepted, another size is refused', async () => {
    const sim = await openSimulator();
    const image_urls = [await createPng(20, 10)];
    expect((await sim.submit({ image_urls, mask_url: await createPng(20, 10) })).status).toBe(200);
    const wrong = await sim.submit({ image_urls, mask_url: await createPng(10, 10) });
    expect(wrong.status).toBe(400);
    expect(await wrong.text()).toContain('20x10');
    const jpeg = await sharp({ create: { width: 20, height: 10, channels: 3, background: 'red' } })
      .jpeg()
      .toBuffer();
    const mask_url = `data:image/jpeg;base64,${jpeg.toString('base64')}`;
    expect(await (await sim.submit({ image_urls, mask_url })).text()).toContain('PNG');
    const heavy = `${DATA_URI}${Buffer.alloc(4 * 1024 * 1024 + 1).toString('base64')}`;
    expect(await (await sim.submit({ image_urls, mask_url: heavy })).text()).toContain('4MB');
  });

  test('the same seed gives the same ids and times', async () => {
    const [one, two] = [await openSimulator({ seed: 3 }), await openSimulator({ seed: 3 })];
    const [first, second] = [await one.buy(), await two.buy()];
    expect(first).toBe(second);
    expect(one.tasks.get(first)?.finishesAt).toBe(two.tasks.get(second)?.finishesAt);
  });
});

test('an endpoint that does not exist answers 404 in the envelope', async () => {
  const sim = await openSimulator();
  const response = await fetch(`${sim.url}/v1/nothing`);
  expect(response.status).toBe(404);
  expect(await response.json()).toMatchObject({ error: { type: 'not_found_error' } });
});
