import { createImageUri } from './harness.ts';

/** A body that must be rejected, and the field that the problem must name. */
export interface InvalidBody {
  what: string;
  body: string | Uint8Array;
  field: string;
  /** @default 422 */
  status?: number;
}

const MB = 1024 * 1024;
const object = (what: string, body: unknown, field: string): InvalidBody => ({
  what,
  body: JSON.stringify(body),
  field,
});

/** Many invalid bodies: regular ones are generated, others are listed. */
export async function invalidBodies(): Promise<InvalidBody[]> {
  const png = await createImageUri('png', 8, 8);
  const base64 = png.slice(png.indexOf(',') + 1);
  return [
    ...wrongTypes(),
    ...wrongValues(),
    ...wrongImages(png, base64),
    ...(await wrongMasks(png)),
    ...wrongWebhooks(),
    ...notJson(),
  ];
}

function wrongTypes(): InvalidBody[] {
  const values: [string, unknown][] = [
    ['null', null],
    ['true', true],
    ['a number', 7],
    ['a fraction', 0.5],
    ['a negative number', -1],
    ['a text', 'seven'],
    ['an empty text', ''],
    ['an array', ['x']],
    ['an object', { x: 1 }],
    ['an array of arrays', [[[]]]],
  ];
  const takes: Record<string, string[]> = {
    model: [],
    prompt: ['a text'],
    size: [],
    n: [],
    resolution: [],
    image_urls: [],
    mask_url: [],
    priority: [],
    metadata: ['an object'],
    idempotency_key: ['a text'],
    run: ['a text'],
    webhook_url: [],
  };
  return Object.entries(takes).flatMap(([field, fine]) =>
    values
      // An optional field that is `null` counts as absent.
      .filter(([name, value]) => !fine.includes(name) && (value !== null || field === 'prompt'))
      .map(([name, value]) =>
        object(`${field} is ${name}`, { prompt: 'x', [field]: value }, inside(field, value)),
      ),
  );
}

/** An array of the wrong things is wrong in its items. */
const inside = (field: string, value: unknown) =>
  field === 'image_urls' && Array.isArray(value) ? 'image_urls[0]' : field;

function wrongValues(): InvalidBody[] {
  const prompt = (what: string, text: string) => object(`prompt is ${what}`, { prompt: text }, 'prompt');
  const metadata = (what: string, value: unknown, field = 'metadata') =>
    object(`metadata ${what}`, { prompt: 'x', metadata: value }, field);
  const key = (what: string, value: string) =>
    object(`idempotency_key ${what}`, { prompt: 'x', idempotency_key: value }, 'idempotency_key');
  return [
    object('the prompt is missing', {}, 'prompt'),
    prompt('of 1001 characters', 'x'.repeat(1001)),
    prompt('of 1001 emoji', '🦊'.repeat(1001)),
    prompt('of a million characters', 'x'.repeat(1_000_000)),
    prompt('blank', ' \n\t '),
    prompt('with NUL', 'a\0b'),
    prompt('with an escape character', 'a\u001b[31mb'),
    prompt('half a surrogate pair', 'a\ud83db'),
    prompt('the other half', '\udc8a'),
    object('n is "1"', { prompt: 'x', n: '1' }, 'n'),
    object('n is 2', { prompt: 'x', n: 2 }, 'n'),
    object('n is 0', { prompt: 'x', n: 0 }, 'n'),
    { what: 'n is 1e999', body: '{"prompt":"x","n":1e999}', field: 'n' },
    { what: 'n is huge', body: `{"prompt":"x","n":${'9'.repeat(400)}}`, field: 'n' },
    ...['16:10', '1:1 ', '1x1', '0:0', '１:１', '16/9', 'auto'].map((size) =>
      object(`size is ${size}`, { prompt: 'x', size }, 'size'),
    ),
    ...['1k', '8K', '1024x1024', '2', ' 1K'].map((resolution) =>
      object(`resolution is ${resolution}`, { prompt: 'x', resolution }, 'resolution'),
    ),
    ...['gpt-image', 'gemini-3-pro-image-preview ', 'GEMINI-3-PRO-IMAGE-PREVIEW'].map((model) =>
      object(`model is ${model}`, { prompt: 'x', model }, 'model'),
    ),
    ...['urgent', 'Batch', '1'].map((priority) =>
      object(`priority is ${priority}`, { prompt: 'x', priority }, 'priority'),
    ),
    metadata('is nested', { a: { b: 1 } }, 'metadata.a'),
    metadata('holds an array', { a: [1] }, 'metadata.a'),
    metadata('is too large', { a: 'x'.repeat(1100) }),
    metadata('has 33 keys', Object.fromEntries(Array.from({ length: 33 }, (_, at) => [`k${at}`, 1]))),
    metadata('has a key of 65 characters', { ['k'.repeat(65)]: 1 }, `metadata.${'k'.repeat(64)}…`),
    metadata('has an empty key', { '': 1 }, 'metadata.""'),
    metadata('holds NUL', { a: 'x\0' }, 'metadata.a'),
    metadata('holds half a surrogate pair', { a: '\ud800' }, 'metadata.a'),
    { what: 'metadata holds 1e999', body: '{"prompt":"x","metadata":{"a":1e999}}', field: 'metadata.a' },
    {
      what: 'metadata holds 2^53+1',
      body: '{"prompt":"x","metadata":{"a":9007199254740993}}',
      field: 'metadata.a',
    },
    ...['autumn 2026', '-autumn', 'a/b', 'r'.repeat(65), 'größe', '.hidden'].map((run) =>
      object(`run is ${run}`, { prompt: 'x', run }, 'run'),
    ),
    key('has 256 characters', 'k'.repeat(256)),
    key('has 256 bytes', 'ü'.repeat(128)),
    key('has a tab', 'a\tb'),
    key('holds half a surrogate pair', 'a\ud83d'),
    key('has a line break', 'a\nb'),
    ...['promt', 'Prompt', 'seed', 'callback_url', 'constructor', 'toString', ''].map((name) =>
      object(`an unknown field ${name}`, { prompt: 'x', [name]: 1 }, name || '""'),
    ),
    { what: '__proto__ on top', body: '{"prompt":"x","__proto__":{"n":1}}', field: '__proto__' },
    { what: '__proto__ in metadata', body: '{"prompt":"x","metadata":{"__proto__":1}}', field: '__proto__' },
    object('many things at once', { prompt: 5, n: '1', size: 'x', foo: 1 }, 'foo'),
  ];
}

function wrongImages(png: string, base64: string): InvalidBody[] {
  const image = (what: string, value: unknown, field = 'image_urls[0]') =>
    object(`an image ${what}`, { prompt: 'x', image_urls: [value] }, field);
  const prefixes = [
    'data:image/gif;base64,',
    'data:image/svg+xml;base64,',
    'data:image/png,',
    'data:image/png;charset=utf-8,',
    'data:;base64,',
    'data:image/PNG1;base64,',
    'DATA:image/png,base64,',
    ' data:image/png;base64,',
    'data:text/html;base64,',
    'image/png;base64,',
    'base64,',
    '',
  ];
  const urls = [
    'ftp://example.com/a.png',
    'file:///etc/passwd',
    '//example.com/a.png',
    'example.com/a.png',
    'http://',
    'https://',
    'https://exa mple.com/a.png',
    'https://example.com/a b.png',
    'https://example.com/\n.png',
    'https://[::1/a.png',
    'javascript:alert(1)',
    `https://example.com/${'x'.repeat(4100)}`,
  ];
  const not = (text: string) => Buffer.from(text).toString('base64');
  const jpegHead = Buffer.from([0xff, 0xd8, 0xff, 0xe0, 0, 0, 0, 0]).toString('base64');
  return [
    object(
      '15 images',
      { prompt: 'x', image_urls: Array(15).fill('https://example.com/a.png') },
      'image_urls',
    ),
    object(
      '10 000 images',
      { prompt: 'x', image_urls: Array(10_000).fill('https://example.com/a.png') },
      'image_urls',
    ),
    ...prefixes.map((prefix) => image(`with the prefix "${prefix}"`, prefix + base64)),
    ...urls.map((url) => image(`at ${url.slice(0, 40)}`, url)),
    image('without bytes', 'data:image/png;base64,'),
    image('of one = too much', `${png}=`),
    image('cut inside its base64', png.slice(0, -3)),
    image('with a blank in its base64', `${png.slice(0, 60)} ${png.slice(60)}`),
    image('with a tab in its base64', `${png.slice(0, 60)}\t${png.slice(60)}`),
    image('with a letter replaced by -', `data:image/png;base64,${base64.replace(/[A-Z]/, '-')}`),
    image('percent-encoded', `data:image/png;base64,${encodeURIComponent(`${base64}==`)}`),
    image('that is text', `data:image/png;base64,${not('hello, I am no image')}`),
    image('that is HTML', `data:image/jpeg;base64,${not('<html><script>alert(1)</script>')}`),
    image('that is an SVG', `data:image/png;base64,${not('<svg xmlns="http://www.w3.org/2000/svg"/>')}`),
    image('that is a GIF', `data:image/png;base64,${not('GIF89a\x01\x00\x01\x00')}`),
    image('that is only a JPEG signature', `data:image/jpeg;base64,${jpegHead}`),
    image('that is only the head of a PNG', `data:image/png;base64,${base64.slice(0, 12)}`),
    image('cut at its end, without padding', `data:image/jpeg;base64,${base64.slice(0, -6)}`),
    image('that is a PNG declared as GIF', `data:image/gif;base64,${base64}`),
    image('of 11 MB', `data:image/png;base64,${Buffer.alloc(11 * MB, 7).toString('base64')}`),
    image('as an object without url', { uri: png }, 'image_urls[0].url'),
    image(
      'as an object with more',
      { url: 'https://example.com/a.png', detail: 'high' },
      'image_urls[0].detail',
    ),
    image('as an object with a number', { url: 5 }, 'image_urls[0].url'),
    object('the second of two', { prompt: 'x', image_urls: [png, 'nope'] }, 'image_urls[1]'),
    object(
      'the third of three is text',
      { prompt: 'x', image_urls: [png, png, `data:image/png;base64,${not('no')}`] },
      'image_urls[2]',
    ),
  ];
}

/** Of a tenant with a secret, where private addresses are not allowed. */
function wrongWebhooks(): InvalidBody[] {
  const urls = [
    'http://shop.example.com/hook',
    'https://127.0.0.1/hook',
    'https://127.1/hook',
    'https://2130706433/hook',
    'https://0x7f.0.0.1/hook',
    'https://0.0.0.0/hook',
    'https://10.1.2.3/hook',
    'https://172.16.0.1:8443/hook',
    'https://192.168.1.1/hook',
    'https://169.254.169.254/latest/meta-data',
    'https://100.64.0.1/hook',
    'https://[::1]/hook',
    'https://[::]/hook',
    'https://[fd00::1]/hook',
    'https://[fe80::1]/hook',
    'https://[::ffff:10.0.0.1]/hook',
    'https://localhost/hook',
    'https://LOCALHOST.:8443/hook',
    'https://api.localhost/hook',
    'https://user:secret@shop.example.com/hook',
    'https://user@shop.example.com/hook',
    'ftp://shop.example.com/hook',
    'shop.example.com/hook',
    '/hook',
    'https://',
    'https://shop.example.com/a b',
    `https://shop.example.com/${'x'.repeat(2048)}`,
    'data:image/png;base64,AAAA',
  ];
  return urls.map((webhook_url) =>
    object(`a webhook at ${webhook_url.slice(0, 50)}`, { prompt: 'x', webhook_url }, 'webhook_url'),
  );
}

async function wrongMasks(png: string): Promise<InvalidBody[]> {
  const mask = (what: string, mask_url: unknown, image_urls: unknown = [png]) =>
    object(`a mask ${what}`, { prompt: 'x', image_urls, mask_url }, 'mask_url');
  return [
    object('a mask without an image', { prompt: 'x', mask_url: png }, 'mask_url'),
    mask('with no images', png, []),
    mask('of another size', await createImageUri('png', 9, 8)),
    mask('turned', await createImageUri('png', 16, 8), [await createImageUri('jpeg', 8, 16)]),
    mask('that is a JPEG', await createImageUri('jpeg')),
    mask('that is a WebP', await createImageUri('webp')),
    mask('that is a JPEG declared as PNG', (await createImageUri('jpeg')).replace('jpeg', 'png')),
    mask('of 5 MB', `data:image/png;base64,${Buffer.alloc(5 * MB, 7).toString('base64')}`),
    mask('cut', png.slice(0, -5)),
    mask('at no URL', 'mask.png'),
    mask('as an object', { url: png }),
  ];
}

function notJson(): InvalidBody[] {
  const whole = (what: string, body: string | Uint8Array, status = 400): InvalidBody => ({
    what,
    body,
    field: 'body',
    status,
  });
  const nested = (open: string, close: string, levels: number) => open.repeat(levels) + close.repeat(levels);
  return [
    ...['5', '"text"', 'true', 'null', '[]', '[{"prompt":"x"}]', '-0'].map((body) =>
      whole(`is ${body}`, body, 422),
    ),
    ...[
      '{',
      '}',
      '{"prompt":"x"',
      '{"prompt":"x",}',
      "{'prompt':'x'}",
      '{prompt:"x"}',
      'prompt=x',
      '<xml/>',
      'NaN',
      '{"prompt":"x"}{',
      '\u0000',
      '{"prompt":"a\u0001b"}',
      '{"prompt":"\\x41"}',
      '{"n":01}',
    ].map((body) => whole(`is ${body.slice(0, 20)}`, body)),
    whole('is empty', ''),
    whole('is blank', ' \n '),
    whole('is 100 000 arrays deep', nested('[', ']', 100_000)),
    whole('has a field 100 000 arrays deep', `{"prompt":${nested('[', ']', 100_000)}}`),
    whole(
      'has metadata 100 000 objects deep',
      `{"prompt":"x","metadata":{"a":${nested('{"a":', '}', 100_000).replace('}', '1}')}}}`,
    ),
    whole('is 33 arrays deep', nested('[', ']', 33)),
    whole('opens 1 000 000 arrays', '['.repeat(1_000_000)),
    whole('is Latin-1', Buffer.from('{"prompt":"caf\xe9"}', 'latin1')),
    whole('is UTF-16', Buffer.from('{"prompt":"x"}', 'utf16le')),
    whole(
      'has an overlong form',
      Buffer.concat([Buffer.from('{"prompt":"'), Buffer.from([0xc0, 0xaf]), Buffer.from('"}')]),
    ),
    whole(
      'has a surrogate in UTF-8',
      Buffer.concat([Buffer.from('{"prompt":"'), Buffer.from([0xed, 0xa0, 0x80]), Buffer.from('"}')]),
    ),
    whole('ends inside a character', Buffer.from('{"prompt":"€').subarray(0, -1)),
    whole('is random bytes', Buffer.from(Array.from({ length: 200 }, (_, at) => (at * 73) % 256))),
  ];
}
