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
const createImage = (format: (typeof FORMATS)[number][0], width = 12, tint = 0) =>
  sharp({ create: { width, height: 8, channels: 3, background: { r: tint, g: 90, b: 30 } } })
    .toFormat(format)
    .toBuffer();

const uploaded = async (harness: Harness, bytes: Uint8Array, headers: Record<string, string> = {}) =>
  uploadedSchema.parse(await (await upload(harness, bytes, headers)).json()).data;

const requestOf = async (harness: Harness, id: string) =>
  checkpointSchema.parse((await harness.queues.render.getJob(id))?.data).request;

const ask = { model: 'gemini-3-pro-image-preview', prompt: 'in the evening light' };

requires('redis').describe('an upload', () => {
  test.each(FORMATS)(
    'the producer stores an upload as %s under its digest, and its URL needs no key',
    async (format, type) => {
      const { key, auth } = createKey('shop', ['enqueue']);
      const harness = await openHarness({ settings: { API_KEYS: [key] } });
      const bytes = await createImage(format);
      const data = await uploaded(harness, bytes, auth);
      expect(data).toMatchObject({ mime_type: type, size: bytes.length });
      expect(data.id).toMatch(/^upload_[0-9a-f]{16}$/);
      expect(Buffer.from((await harness.store.get(inputKey(sha256(bytes)))) ?? [])).toEqual(bytes);
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
      expect(harness.logs()).not.toContain('signature=');
    },
  );

  test('a page of another site can show an upload, as with the provider', async () => {
    const harness = await openHarness();
    const { url } = await uploaded(harness, await createImage('png'));
    const { headers } = await fetch(url);
    expect(headers.get('cross-origin-resource-policy')).toBe('cross-origin');
    expect(headers.get('content-security-policy')).toContain('sandbox');
  });

  test('two uploads of the same image create one object', async () => {
    const harness = await openHarness();
    const bytes = await createImage('png');
    const first = await uploaded(harness, bytes);
    const before = await harness.objectCount();
    expect((await uploaded(harness, bytes)).id).toBe(first.id);
    expect(await harness.objectCount()).toBe(before);
  });

  test('the producer stores a reference to an upload in a request, and does not download its URL', async () => {
    const harness = await openHarness();
    for (const [format, type] of FORMATS) {
      const bytes = await createImage(format);
      const { url } = await uploaded(harness, bytes);
      const reference = {
        kind: 'stored',
        key: inputKey(sha256(bytes)),
        contentType: type,
        bytes: bytes.length,
      };
      const { id } = await readTask(await submit(harness, { ...ask, image_urls: [{ url }] }));
      expect((await requestOf(harness, id)).images).toEqual([reference]);
      // The native API recognizes an upload too, alone and in bulk, at any host name and path of the producer.
      const otherHost = url.replace(harness.url, 'https://renders.example/dark');
      const native = await harness.post({ prompt: 'x', image_urls: [otherHost] });
      const { id: nativeId } = (await native.json()) as { id: string };
      expect((await requestOf(harness, nativeId)).images).toEqual([reference]);
      const bulk = (await (await harness.bulk([{ prompt: 'x', image_urls: [url] }])).json()) as {
        items: { render: { id: string } }[];
      };
      expect((await requestOf(harness, bulk.items[0]?.render.id ?? '')).images).toEqual([reference]);
    }
  });

  test('an upload can be used after its link has expired, as long as it is in the store', async () => {
    let ahead = 0;
    const clock: Clock = { ...systemClock, now: () => systemClock.now() + ahead };
    const { key, auth } = createKey('shop', ['enqueue']);
    const harness = await openHarness({
      settings: { API_KEYS: [key] },
      wrap: (deps) => ({ ...deps, clock }),
    });
    const bytes = await createImage('png');
    const { url } = await uploaded(harness, bytes, auth);
    ahead = 400 * 86_400_000;
    expect((await fetch(url)).status).toBe(401);
    const { id } = await readTask(await submit(harness, { ...ask, image_urls: [url] }, auth));
    expect((await requestOf(harness, id)).images[0]).toMatchObject({ kind: 'stored' });

    await harness.store.delete(inputKey(sha256(bytes)));
    const rejected = await readEnvelope(await submit(harness, { ...ask, image_urls: [url] }, auth));
    expect(rejected).toMatchObject({ status: 400, code: 'invalid_request' });
    expect(rejected.message).toMatch(/^image_urls\[0\]: expected an existing upload of this tenant/);
  });

  test('an upload and an inline image that are used again a day later are written again, for lifecycle rules', async () => {
    let ahead = 0;
    const clock: Clock = { ...systemClock, now: () => systemClock.now() + ahead };
    const harness = await openHarness({ wrap: (deps) => ({ ...deps, clock }) });
    const bytes = await createImage('png');
    const inline = await createImage('jpeg');
    const { url } = await uploaded(harness, bytes);
    const images = [url, `data:image/jpeg;base64,${inline.toString('base64')}`];
    const useAll = async () => {
      expect((await harness.post({ prompt: 'x', image_urls: images })).status).toBe(202);
      const infos = await Promise.all(
        [bytes, inline].map((one) => harness.store.head(inputKey(sha256(one)))),
      );
      return infos.map((info) => info?.modifiedAt ?? 0);
    };
    const before = await useAll();
    expect(await useAll()).toEqual(before);
    ahead = 86_400_000 + 2_000;
    for (const [index, modifiedAt] of (await useAll()).entries()) {
      expect(modifiedAt).toBeGreaterThan(before[index] ?? 0);
    }
    expect(Buffer.from((await harness.store.get(inputKey(sha256(bytes)))) ?? [])).toEqual(bytes);
  });

  test('a tenant can neither use nor read the upload of another tenant', async () => {
    const [shop, other] = [createKey('shop', ['enqueue', 'read']), createKey('other', ['enqueue', 'read'])];
    const harness = await openHarness({ settings: { API_KEYS: [shop.key, other.key] } });
    const bytes = await createImage('png');
    const { url } = await uploaded(harness, bytes, shop.auth);
    const rejected = await readEnvelope(await submit(harness, { ...ask, image_urls: [url] }, other.auth));
    expect(rejected.message).toMatch(/^image_urls\[0\]: expected an existing upload of this tenant/);
    expect(rejected.message).not.toContain('signature');
    const path = new URL(url).pathname;
    expect((await harness.get(path, shop.auth)).status).toBe(200);
    expect(await readEnvelope(await harness.get(path, other.auth))).toMatchObject({
      status: 404,
      code: 'not_found',
    });
    // A tenant that has the image itself can upload it, too.
    await uploaded(harness, bytes, other.auth);
    expect((await harness.get(path, other.auth)).status).toBe(200);
  });

  test('the producer keeps the URL of an upload at another site as a URL', async () => {
    const harness = await openHarness();
    const url = `https://files.example${UPLOADS}/${'ab'.repeat(32)}.png`;
    const { id } = await readTask(await submit(harness, { ...ask, image_urls: [url] }));
    expect((await requestOf(harness, id)).images[0]?.kind).not.toBe('stored');
  });

  test('submissions under one client_business_id create one render when only the signature of an upload URL differs', async () => {
    let ahead = 0;
    const clock: Clock = { ...systemClock, now: () => systemClock.now() + ahead };
    const harness = await openHarness({ wrap: (deps) => ({ ...deps, clock }) });
    const bytes = await createImage('png');
    const first = await uploaded(harness, bytes);
    ahead = 60_000;
    const second = await uploaded(harness, bytes);
    expect(second.url).not.toBe(first.url);
    const other = await uploaded(harness, await createImage('png', 12, 200));
    const ids = [];
    for (const { url } of [first, second, other]) {
      const body = { ...ask, client_business_id: 'order-7', image_urls: [url] };
      ids.push((await readTask(await submit(harness, body))).id);
    }
    expect(ids[1]).toBe(ids[0]);
    expect(ids[2]).not.toBe(ids[0]);
  });

  test('an upload as a mask must be a PNG of the size of the image', async () => {
    const harness = await openHarness();
    const [image, mask, wide, jpeg] = await Promise.all([
      uploaded(harness, await createImage('jpeg')),
      uploaded(harness, await createImage('png')),
      uploaded(harness, await createImage('png', 13)),
      uploaded(harness, await createImage('jpeg', 12, 9)),
    ]);
    const masked = (mask_url: string) => submit(harness, { ...ask, image_urls: [image.url], mask_url });
    const { id } = await readTask(await masked(mask.url));
    expect(await requestOf(harness, id)).toMatchObject({
      mask: { kind: 'stored', contentType: 'image/png' },
    });
    const inline = `data:image/png;base64,${(await createImage('png', 13)).toString('base64')}`;
    for (const wrong of [wide.url, inline]) {
      expect((await readEnvelope(await masked(wrong))).message).toBe(
        'mask_url: expected 12x8 pixels, the size of image_urls[0], received 13x8 pixels',
      );
    }
    expect((await readEnvelope(await masked(jpeg.url))).message).toBe(
      'mask_url: expected a PNG, received an upload of image/jpeg',
    );
    const native = await harness.post({ prompt: 'x', image_urls: [image.url], mask_url: wide.url });
    expect(await readProblem(native)).toMatchObject({ status: 422, problems: [{ field: 'mask_url' }] });
  });
});

requires('redis').describe('an invalid upload', () => {
  const readRejection = async (response: Response) => {
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
    ['nothing', Buffer.alloc(0), /received no bytes/],
    ['the beginning of a PNG', Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'), /^Unsupported image type/],
    ['11 MB', Buffer.alloc(11 * 1024 * 1024), /^Image too large\. Maximum size is 10MB/],
    ['30 MB', Buffer.alloc(30 * 1024 * 1024), /^Image too large\. Maximum size is 10MB/],
  ])(
    'the producer rejects an upload of %s, gives the reason and stores nothing',
    async (_what, bytes, message) => {
      const harness = await openHarness();
      expect(await readRejection(await upload(harness, bytes))).toMatch(message);
      expect(await harness.objectCount()).toBe(0);
    },
  );

  test('the producer accepts an upload of exactly 10 MB', async () => {
    const harness = await openHarness();
    const png = await createImage('png');
    const bytes = Buffer.concat([png, Buffer.alloc(10 * 1024 * 1024 - png.length)]);
    expect((await uploaded(harness, bytes)).size).toBe(10 * 1024 * 1024);
  });

  test.each([
    [
      'a body that is no form',
      'application/json',
      '{}',
      /^body: expected multipart\/form-data with a file, received application\/json/,
    ],
    ['no body', undefined, undefined, /^body: expected multipart\/form-data with a file, received nothing/],
    ['a form without a boundary', 'multipart/form-data', 'x', /received a form that cannot be read/],
    [
      'a form cut short',
      'multipart/form-data; boundary=b',
      '--b\r\nContent-Disp',
      /a form that cannot be read/,
    ],
    [
      'text as the file',
      'multipart/form-data; boundary=b',
      '--b\r\nContent-Disposition: form-data; name="file"\r\n\r\nx\r\n--b--\r\n',
      /^file is required \(expected a file with a file name, received text\)/,
    ],
    [
      'another purpose',
      'multipart/form-data; boundary=b',
      '--b\r\nContent-Disposition: form-data; name="file"; filename="x"\r\n\r\nx\r\n--b\r\nContent-Disposition: form-data; name="purpose"\r\n\r\ntraining\r\n--b--\r\n',
      /^purpose must be generation/,
    ],
  ])('the producer rejects an upload with %s, and gives the reason', async (_what, type, body, message) => {
    const harness = await openHarness();
    const response = await fetch(harness.url + UPLOADS, {
      method: 'POST',
      ...(type === undefined ? {} : { headers: { 'content-type': type } }),
      ...(body === undefined ? {} : { body }),
    });
    expect(await readRejection(response)).toMatch(message);
  });

  test('the producer closes the connection of an endless upload', async () => {
    const harness = await openHarness();
    const chunk = Buffer.alloc(1024 * 1024);
    const sent = await new Promise<number>((resolve, reject) => {
      let count = 0;
      const request = httpRequest(harness.url + UPLOADS, {
        method: 'POST',
        headers: { 'content-type': 'multipart/form-data; boundary=b' },
      });
      const more = () => {
        if (count > 400) reject(new Error('the connection was not closed'));
        count += 1;
        request.write(chunk, (error) => (error ? undefined : more()));
      };
      request.once('error', () => resolve(count));
      request.once('response', (response) => void text(response).then(() => resolve(count)));
      more();
    });
    expect(sent).toBeGreaterThan(50);
    expect((await harness.get('/healthz')).status).toBe(200);
  });
});
