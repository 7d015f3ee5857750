import { request as httpRequest } from 'node:http';
import { text } from 'node:stream/consumers';
import { checkpointSchema, inputKey, sha256 } from '@darkroom/shared/render';
import { type Clock, systemClock } from '@darkroom/shared/runtime';
import { requires } from '@darkroom/testkit';
import sharp from 'sharp';
import { expect, test } from 'vitest';
import { uploadedSchema } from '../../../src/toapis/drop-in/schemas.ts';
import { createKey, readEnvelope, readTask, submit, UPLOADS, upload } from '../../support/drop-in-client.ts';
import { type Harness, openHarness, readProblem } from '../../support/harness.ts';

const FORMATS = [
  ['jpeg', 'image/jpeg'],
  ['png', 'image/png'],
  ['webp', 'image/webp'],
  ['gif', 'image/gif'],
] as const;
const picture = (format: (typeof FORMATS)[number][0], width = 12, tint = 0) =>
  sharp({ create: { width, height: 8, channels: 3, background: { r: tint, g: 90, b: 30 } } })
    .toFormat(format)
    .toBuffer();

const uploaded = async (rig: Harness, bytes: Uint8Array, headers: Record<string, string> = {}) =>
  uploadedSchema.parse(await (await upload(rig, bytes, headers)).json()).data;

const requestOf = async (rig: Harness, id: string) =>
  checkpointSchema.parse((await rig.queues.render.getJob(id))?.data).request;

const ask = { model: 'gemini-3-pro-image-preview', prompt: 'in the evening light' };

requires('redis').describe('an uploaded picture', () => {
  test.each(FORMATS)('as %s is kept by its digest and can be fetched without a key', async (format, type) => {
    const { key, auth } = createKey('shop', ['enqueue']);
    const rig = await openHarness({ settings: { API_KEYS: [key] } });
    const bytes = await picture(format);
    const data = await uploaded(rig, bytes, auth);
    expect(data).toMatchObject({ mime_type: type, size: bytes.length });
    expect(data.id).toMatch(/^upload_[0-9a-f]{16}$/);
    expect(Buffer.from((await rig.store.get(inputKey(sha256(bytes)))) ?? [])).toEqual(bytes);
    const fetched = await fetch(data.url);
    expect([fetched.status, fetched.headers.get('content-type')]).toEqual([200, type]);
    expect(Buffer.from(await fetched.arrayBuffer())).toEqual(bytes);
    const head = await fetch(data.url, { method: 'HEAD' });
    expect(head.headers.get('content-length')).toBe(String(bytes.length));
    for (const spoiled of [
      data.url.replace(/.$/, (last) => (last === 'A' ? 'B' : 'A')),
      data.url.split('?')[0],
    ]) {
      expect(await readEnvelope(await fetch(spoiled ?? ''))).toMatchObject({ status: 401 });
    }
    expect(rig.logs()).not.toContain('signature=');
  });

  test('may be shown by the pages of other sites, as the files of the provider', async () => {
    const rig = await openHarness();
    const { url } = await uploaded(rig, await picture('png'));
    const { headers } = await fetch(url);
    expect(headers.get('cross-origin-resource-policy')).toBe('cross-origin');
    expect(headers.get('content-security-policy')).toContain('sandbox');
  });

  test('twice is one object', async () => {
    const rig = await openHarness();
    const bytes = await picture('png');
    const first = await uploaded(rig, bytes);
    const before = await rig.objectCount();
    expect((await uploaded(rig, bytes)).id).toBe(first.id);
    expect(await rig.objectCount()).toBe(before);
  });

  test('is a reference that the store has already: nobody fetches its URL', async () => {
    const rig = await openHarness();
    for (const [format, type] of FORMATS) {
      const bytes = await picture(format);
      const { url } = await uploaded(rig, bytes);
      const reference = {
        kind: 'stored',
        key: inputKey(sha256(bytes)),
        contentType: type,
        bytes: bytes.length,
      };
      const { id } = await readTask(await submit(rig, { ...ask, image_urls: [{ url }] }));
      expect((await requestOf(rig, id)).images).toEqual([reference]);
      // The native API knows it too, alone and in bulk, by whatever name we were reached.
      const elsewhere = url.replace(rig.url, 'https://renders.example/dark');
      const native = await rig.post({ prompt: 'x', image_urls: [elsewhere] });
      const { id: nativeId } = (await native.json()) as { id: string };
      expect((await requestOf(rig, nativeId)).images).toEqual([reference]);
      const bulk = (await (await rig.bulk([{ prompt: 'x', image_urls: [url] }])).json()) as {
        items: { render: { id: string } }[];
      };
      expect((await requestOf(rig, bulk.items[0]?.render.id ?? '')).images).toEqual([reference]);
    }
  });

  test('is a reference also when its link is no longer good, as long as it is in the store', async () => {
    let ahead = 0;
    const clock: Clock = { ...systemClock, now: () => systemClock.now() + ahead };
    const { key, auth } = createKey('shop', ['enqueue']);
    const rig = await openHarness({ settings: { API_KEYS: [key] }, wrap: (deps) => ({ ...deps, clock }) });
    const bytes = await picture('png');
    const { url } = await uploaded(rig, bytes, auth);
    ahead = 400 * 86_400_000;
    expect((await fetch(url)).status).toBe(401);
    const { id } = await readTask(await submit(rig, { ...ask, image_urls: [url] }, auth));
    expect((await requestOf(rig, id)).images[0]).toMatchObject({ kind: 'stored' });

    await rig.store.delete(inputKey(sha256(bytes)));
    const refused = await readEnvelope(await submit(rig, { ...ask, image_urls: [url] }, auth));
    expect(refused).toMatchObject({ status: 400, code: 'invalid_request' });
    expect(refused.message).toMatch(
      /^image_urls\[0\]: expected an upload of this tenant that is still there/,
    );
  });

  test("of another tenant is not a reference, and its key does not open one's uploads", async () => {
    const [shop, other] = [createKey('shop', ['enqueue', 'read']), createKey('other', ['enqueue', 'read'])];
    const rig = await openHarness({ settings: { API_KEYS: [shop.key, other.key] } });
    const bytes = await picture('png');
    const { url } = await uploaded(rig, bytes, shop.auth);
    const refused = await readEnvelope(await submit(rig, { ...ask, image_urls: [url] }, other.auth));
    expect(refused.message).toMatch(/^image_urls\[0\]: expected an upload of this tenant/);
    expect(refused.message).not.toContain('signature');
    const path = new URL(url).pathname;
    expect((await rig.get(path, shop.auth)).status).toBe(200);
    expect(await readEnvelope(await rig.get(path, other.auth))).toMatchObject({
      status: 404,
      code: 'not_found',
    });
    // Whoever has the picture itself may upload it, and has an upload then.
    await uploaded(rig, bytes, other.auth);
    expect((await rig.get(path, other.auth)).status).toBe(200);
  });

  test('of somebody else, elsewhere, is a URL as any other', async () => {
    const rig = await openHarness();
    const url = `https://files.example${UPLOADS}/${'ab'.repeat(32)}.png`;
    const { id } = await readTask(await submit(rig, { ...ask, image_urls: [url] }));
    expect((await requestOf(rig, id)).images[0]?.kind).not.toBe('stored');
  });

  test('makes the same request whenever it was signed: one client_business_id is one render', async () => {
    let ahead = 0;
    const clock: Clock = { ...systemClock, now: () => systemClock.now() + ahead };
    const rig = await openHarness({ wrap: (deps) => ({ ...deps, clock }) });
    const bytes = await picture('png');
    const first = await uploaded(rig, bytes);
    ahead = 60_000;
    const second = await uploaded(rig, bytes);
    expect(second.url).not.toBe(first.url);
    const other = await uploaded(rig, await picture('png', 12, 200));
    const ids = [];
    for (const { url } of [first, second, other]) {
      const body = { ...ask, client_business_id: 'order-7', image_urls: [url] };
      ids.push((await readTask(await submit(rig, body))).id);
    }
    expect(ids[1]).toBe(ids[0]);
    expect(ids[2]).not.toBe(ids[0]);
  });

  test('as a mask is a PNG of the size of the picture', async () => {
    const rig = await openHarness();
    const [image, mask, wide, jpeg] = await Promise.all([
      uploaded(rig, await picture('jpeg')),
      uploaded(rig, await picture('png')),
      uploaded(rig, await picture('png', 13)),
      uploaded(rig, await picture('jpeg', 12, 9)),
    ]);
    const masked = (mask_url: string) => submit(rig, { ...ask, image_urls: [image.url], mask_url });
    const { id } = await readTask(await masked(mask.url));
    expect(await requestOf(rig, id)).toMatchObject({ mask: { kind: 'stored', contentType: 'image/png' } });
    const inline = `data:image/png;base64,${(await picture('png', 13)).toString('base64')}`;
    for (const wrong of [wide.url, inline]) {
      expect((await readEnvelope(await masked(wrong))).message).toBe(
        'mask_url: expected 12x8 pixels, as image_urls[0] has, received 13x8 pixels',
      );
    }
    expect((await readEnvelope(await masked(jpeg.url))).message).toBe(
      'mask_url: expected a PNG, received an upload of image/jpeg',
    );
    const native = await rig.post({ prompt: 'x', image_urls: [image.url], mask_url: wide.url });
    expect(await readProblem(native)).toMatchObject({ status: 422, problems: [{ field: 'mask_url' }] });
  });
});

requires('redis').describe('an upload that cannot be used', () => {
  const refused = async (response: Response) => {
    expect(response.status).toBe(400);
    const { success, message, ...more } = (await response.json()) as Record<string, unknown>;
    expect([success, more]).toEqual([false, {}]);
    return String(message);
  };

  test.each([
    [
      'a PDF',
      Buffer.from('%PDF-1.7'),
      /^Unsupported image type\. Allowed: JPEG, PNG, WebP, GIF \(file: received /,
    ],
    ['an SVG', Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"/>'), /^Unsupported image type/],
    ['nothing', Buffer.alloc(0), /received no bytes at all/],
    ['the beginning of a PNG', Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'), /^Unsupported image type/],
    ['11 MB', Buffer.alloc(11 * 1024 * 1024), /^Image too large\. Maximum size is 10MB/],
    ['30 MB', Buffer.alloc(30 * 1024 * 1024), /^Image too large\. Maximum size is 10MB/],
  ])('as %s is told why, and leaves nothing behind', async (_what, bytes, message) => {
    const rig = await openHarness();
    expect(await refused(await upload(rig, bytes))).toMatch(message);
    expect(await rig.objectCount()).toBe(0);
  });

  test('of exactly 10 MB is none of these', async () => {
    const rig = await openHarness();
    const png = await picture('png');
    const bytes = Buffer.concat([png, Buffer.alloc(10 * 1024 * 1024 - png.length)]);
    expect((await uploaded(rig, bytes)).size).toBe(10 * 1024 * 1024);
  });

  test.each([
    [
      'no form',
      'application/json',
      '{}',
      /^body: expected multipart\/form-data with a file, received application\/json/,
    ],
    ['no body', undefined, undefined, /^body: expected multipart\/form-data with a file, received nothing/],
    ['no boundary', 'multipart/form-data', 'x', /received a form that cannot be read/],
    [
      'a form cut short',
      'multipart/form-data; boundary=b',
      '--b\r\nContent-Disp',
      /a form that cannot be read/,
    ],
    [
      'a text as the file',
      'multipart/form-data; boundary=b',
      '--b\r\nContent-Disposition: form-data; name="file"\r\n\r\nx\r\n--b--\r\n',
      /^file is required \(expected a file with its name, received a text\)/,
    ],
    [
      'another purpose',
      'multipart/form-data; boundary=b',
      '--b\r\nContent-Disposition: form-data; name="file"; filename="x"\r\n\r\nx\r\n--b\r\nContent-Disposition: form-data; name="purpose"\r\n\r\ntraining\r\n--b--\r\n',
      /^purpose must be generation/,
    ],
  ])('as %s is told why', async (_what, type, body, message) => {
    const rig = await openHarness();
    const response = await fetch(rig.url + UPLOADS, {
      method: 'POST',
      ...(type === undefined ? {} : { headers: { 'content-type': type } }),
      ...(body === undefined ? {} : { body }),
    });
    expect(await refused(response)).toMatch(message);
  });

  test('without end is cut off', async () => {
    const rig = await openHarness();
    const chunk = Buffer.alloc(1024 * 1024);
    const sent = await new Promise<number>((resolve, reject) => {
      let count = 0;
      const request = httpRequest(rig.url + UPLOADS, {
        method: 'POST',
        headers: { 'content-type': 'multipart/form-data; boundary=b' },
      });
      const more = () => {
        if (count > 400) reject(new Error('nobody stopped it'));
        count += 1;
        request.write(chunk, (error) => (error ? undefined : more()));
      };
      request.once('error', () => resolve(count));
      request.once('response', (response) => void text(response).then(() => resolve(count)));
      more();
    });
    expect(sent).toBeGreaterThan(50);
    expect((await rig.get('/healthz')).status).toBe(200);
  });
});
