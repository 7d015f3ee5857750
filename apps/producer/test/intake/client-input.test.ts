import { sha256 } from '@darkroom/shared/render';
import { requires } from '@darkroom/testkit';
import { beforeAll, expect, test } from 'vitest';
import { createImageUri, type Harness, openHarness, readProblem } from '../support/harness.ts';

const WEBHOOK_SECRETS = [{ value: `whsec_${Buffer.alloc(32, 7).toString('base64')}` }];

requires('redis').describe('input that real clients send', () => {
  let harness: Harness;
  let png: string;
  let base64: string;

  beforeAll(async () => {
    harness = await openHarness({ settings: { WEBHOOK_SECRETS } });
    // A size whose base64 needs padding and both special characters.
    for (
      let tint = 0;
      !base64 || !base64.endsWith('=') || !base64.includes('+') || !base64.includes('/');
      tint++
    ) {
      png = await createImageUri('png', 8, 8, tint);
      base64 = png.slice(png.indexOf(',') + 1);
    }
  });

  /** The reference of the only image of an accepted render. */
  async function acceptImage(uri: string) {
    const response = await harness.post({ prompt: 'x', image_urls: [uri] });
    expect(await response.clone().text()).not.toContain('problems');
    const { id } = (await response.json()) as { id: string };
    const job = await harness.queues.render.getJob(id);
    return job?.data.request.images[0];
  }

  test.each<[what: string, change: (base64: string) => string]>([
    ['as the standard says', (text) => text],
    ['with line breaks', (text) => text.replace(/(.{76})/g, '$1\r\n')],
    ['with a line break at the end', (text) => `${text}\n`],
    ['without padding', (text) => text.replace(/=+$/, '')],
    ['in the URL alphabet', (text) => text.replaceAll('+', '-').replaceAll('/', '_')],
    ['in the URL alphabet without padding', (text) => Buffer.from(text, 'base64').toString('base64url')],
  ])('base64 %s is accepted as the same image', async (_what, change) => {
    const bytes = Buffer.from(base64, 'base64');
    expect(await acceptImage(`data:image/png;base64,${change(base64)}`)).toEqual({
      kind: 'stored',
      key: `inputs/${sha256(bytes)}`,
      contentType: 'image/png',
      bytes: bytes.length,
    });
  });

  test.each([
    'data:image/PNG;base64,',
    'DATA:IMAGE/PNG;BASE64,',
    'data:image/png;charset=utf-8;base64,',
    'data:image/png;name=a.png;base64,',
  ])('a data URI that begins with %s is accepted', async (prefix) => {
    expect(await acceptImage(prefix + base64)).toMatchObject({ contentType: 'image/png' });
  });

  test.each([
    ['jpeg', 'png'],
    ['png', 'webp'],
    ['webp', 'jpeg'],
  ] as const)('a %s that is declared as %s keeps its true type', async (actual, declared) => {
    const uri = await createImageUri(actual);
    const reference = await acceptImage(uri.replace(`image/${actual}`, `image/${declared}`));
    expect(reference).toMatchObject({ kind: 'stored', contentType: `image/${actual}` });
  });

  test('an optional field that is null counts as absent, a required one does not', async () => {
    const nulls = {
      model: null,
      size: null,
      n: null,
      resolution: null,
      image_urls: null,
      mask_url: null,
      priority: null,
      metadata: null,
      run: null,
      webhook_url: null,
      idempotency_key: null,
    };
    expect((await harness.post({ prompt: 'x', ...nulls })).status).toBe(202);
    const bulk = await harness.bulk([{ prompt: 'x', ...nulls }]);
    expect(await bulk.json()).toMatchObject({ accepted: 1 });
    const dropIn = await fetch(`${harness.url}/v1/images/generations`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ prompt: 'x', ...nulls }),
    });
    expect(dropIn.status).toBe(200);
    const { problems } = await readProblem(await harness.post({ ...nulls, prompt: null, seed: null }));
    expect(problems.map(({ field, received }) => [field, received])).toEqual([
      ['prompt', 'null'],
      ['seed', 'unknown field'],
    ]);
  });

  test.each([
    ['https://example.com/a b.png', 'a space at position 22; write %20'],
    ['https://example.com/\n.png', 'a line break at position 21; write %0A'],
    ['ftp://example.com/a.png', 'a URL with the scheme ftp'],
    ['example.com/a.png', 'a text without a scheme such as https://'],
    ['https:example.com', 'a URL without // after the scheme'],
    ['https://[::1/a.png', 'a URL that cannot be parsed'],
    ['data:image/gif;base64,R0lGOD', 'a data URI of image/gif'],
    ['data:image/png,abc', 'a data URI without ;base64,'],
    ['data:image/png;base64,AAAA$AAA', '"$" at position 5 of the base64'],
    ['data:image/png;base64,AAAA AAA', 'a space at position 5 of the base64'],
    ['data:image/png;base64,AAAAA', 'base64 that is cut, or has the wrong padding'],
    [
      `data:image/png;base64,${Buffer.from('GIF89a and more').toString('base64')}`,
      'bytes that are no JPEG, PNG or WebP',
    ],
  ])('the rejection of the image %j says what is wrong with it', async (url, received) => {
    for (const entry of [url, { url }]) {
      const { problems } = await readProblem(await harness.post({ prompt: 'x', image_urls: [entry] }));
      expect(problems).toEqual([
        { field: expect.stringMatching(/^image_urls\[0\]/), expected: expect.any(String), received },
      ]);
    }
  });

  test('an invalid webhook URL is reported together with all other problems', async () => {
    const wrong = { size: '7:7', webhook_url: 'https://127.0.0.1/hook' };
    const { problems } = await readProblem(await harness.post(wrong));
    expect(problems.map(({ field }) => field)).toEqual(['prompt', 'size', 'webhook_url']);
    const bulk = (await (await harness.bulk([wrong])).json()) as {
      items: { error: { problems: unknown[] } }[];
    };
    expect(bulk.items[0]?.error.problems).toEqual(problems);
    const blank = await readProblem(await harness.post({ webhook_url: 'https://shop.example.com/a b' }));
    expect(blank.problems[1]).toMatchObject({
      field: 'webhook_url',
      received: 'a space at position 27; write %20',
    });
  });

  test.each([
    ['SKU 0017', 'SKU%200017'],
    ['SKU 0017', '"SKU 0017"'],
    ['größe-42', 'gr%C3%B6%C3%9Fe-42'],
    ['100%', '100%25'],
    ['100%', '"100%"'],
    ['a"b\\', '"a\\"b\\\\"'],
    ['k1', 'k1'],
    ['钥匙'.repeat(42), encodeURIComponent('钥匙'.repeat(42))],
  ])('the key %j is the same in a body and in a header: %s', async (key, header) => {
    const first = await harness.post({ prompt: 'x', idempotency_key: key });
    expect(first.status).toBe(202);
    const { id } = (await first.json()) as { id: string };
    const again = await harness.post({ prompt: 'x' }, { 'idempotency-key': header });
    expect(await again.json()).toMatchObject({ id, duplicate: true });
  });

  test('the rejection of a key in a header says what to write', async () => {
    const received = async (header: string) =>
      (await readProblem(await harness.post({ prompt: 'x' }, { 'idempotency-key': header }))).problems[0]
        ?.received;
    expect(await received('SKU 0017')).toBe('a space at position 4; write %20');
    expect(await received('50%off')).toBe('a % that begins no encoded character; write %25');
    expect(await received('größe')).toMatch(/^"." at position 3; write it percent-encoded in UTF-8$/);
  });

  test("a caller's key never equals the key that a bulk call derives for an item", async () => {
    const key = { 'idempotency-key': 'autumn' };
    const bulk = (await (await harness.bulk([{ prompt: 'derived' }], key)).json()) as { accepted: number };
    expect(bulk.accepted).toBe(1);
    const own = await harness.post({ prompt: 'own', idempotency_key: 'autumn 0' });
    expect(await own.json()).toMatchObject({ duplicate: false });
  });
});
