import sharp from 'sharp';
import { expect, test } from 'vitest';
import { openSimulator, type TestSimulator } from './support.ts';

function upload(sim: TestSimulator, bytes: Buffer, name = 'x.jpg', purpose?: string): Promise<Response> {
  const form = new FormData();
  form.set('file', new Blob([new Uint8Array(bytes)]), name);
  if (purpose !== undefined) form.set('purpose', purpose);
  const headers = { authorization: `Bearer ${sim.apiKey}` };
  return fetch(`${sim.url}/v1/uploads/images`, { method: 'POST', headers, body: form });
}

const image = sharp({ create: { width: 30, height: 20, channels: 3, background: 'teal' } });

test.each([
  ['jpg', 'image/jpeg', () => image.clone().jpeg().toBuffer()],
  ['png', 'image/png', () => image.clone().png().toBuffer()],
  ['webp', 'image/webp', () => image.clone().webp().toBuffer()],
  ['gif', 'image/gif', () => image.clone().gif().toBuffer()],
])(
  'an upload is recognized as %s by its content, whatever its name, and is served',
  async (extension, mime, make) => {
    const sim = await openSimulator();
    const bytes = await make();
    const response = await upload(sim, bytes, 'image.txt', 'generation');
    expect(response.status).toBe(200);
    const answer = (await response.json()) as { data: { url: string } };
    expect(answer).toEqual({
      success: true,
      message: '',
      data: {
        id: expect.stringMatching(/^upload_[a-z0-9]{8}$/),
        url: expect.stringMatching(new RegExp(`^${sim.url}/uploads/123/\\d+_[a-z0-9]{8}\\.${extension}$`)),
        mime_type: mime,
        size: bytes.length,
      },
    });
    const served = await fetch(answer.data.url);
    expect(served.headers.get('content-type')).toBe(mime);
    expect(Buffer.from(await served.arrayBuffer()).equals(bytes)).toBe(true);
  },
);

test('a file that is not an image is refused with the documented message', async () => {
  const sim = await openSimulator();
  const response = await upload(sim, Buffer.from('%PDF-1.7'), 'x.jpg');
  expect(response.status).toBe(400);
  expect(await response.json()).toEqual({
    success: false,
    message: 'Unsupported image type. Allowed: JPEG, PNG, WebP, GIF',
  });
});

test('a file over 10 MB is refused with the documented message, exactly 10 MB is accepted', async () => {
  const sim = await openSimulator();
  const bytes = Buffer.alloc(10 * 1024 * 1024 + 1);
  bytes.write('GIF89a');
  const response = await upload(sim, bytes);
  expect(response.status).toBe(400);
  expect(await response.json()).toEqual({ success: false, message: 'Image too large. Maximum size is 10MB' });
  expect((await upload(sim, bytes.subarray(0, -1))).status).toBe(200);
});

test('an upload without a key is 401, for another purpose 400, without a file 400', async () => {
  const sim = await openSimulator();
  const bytes = await image.clone().png().toBuffer();
  const open = await fetch(`${sim.url}/v1/uploads/images`, { method: 'POST', body: new FormData() });
  expect(open.status).toBe(401);
  expect((await upload(sim, bytes, 'x.png', 'training')).status).toBe(400);
  const form = new FormData();
  form.set('purpose', 'generation');
  const headers = { authorization: `Bearer ${sim.apiKey}` };
  const empty = await fetch(`${sim.url}/v1/uploads/images`, { method: 'POST', headers, body: form });
  expect(empty.status).toBe(400);
});

test('an upload can be a reference; one that does not exist is refused', async () => {
  const sim = await openSimulator();
  const { data } = (await (await upload(sim, await image.clone().png().toBuffer())).json()) as {
    data: { url: string };
  };
  const id = await sim.buy({ image_urls: [{ url: data.url }] });
  expect(sim.tasks.get(id)?.references).toHaveLength(1);
  expect((await sim.submit({ image_urls: [`${sim.url}/uploads/123/nothing.png`] })).status).toBe(400);
});

test('a fault with the route upload applies to an upload', async () => {
  const sim = await openSimulator({ faults: [{ kind: 'html_502', route: 'upload' }] });
  const bytes = await image.clone().png().toBuffer();
  expect((await upload(sim, bytes)).status).toBe(502);
  expect((await upload(sim, bytes)).status).toBe(200);
});
