import sharp from 'sharp';
import type { Endpoint } from '../support/drop-in-endpoints.ts';

export interface Exchange {
  name: string;
  send(at: Endpoint): Promise<Response>;
  /** Every difference between the two responses, and its reason. */
  differs?: { by: string[]; because: string };
}

const authorization = ({ key }: Endpoint) => ({ authorization: `Bearer ${key}` });

export const submit = (at: Endpoint, body: unknown): Promise<Response> =>
  fetch(`${at.url}/v1/images/generations`, {
    method: 'POST',
    headers: { ...authorization(at), 'content-type': 'application/json' },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });

export const poll = (at: Endpoint, id: string): Promise<Response> =>
  fetch(`${at.url}/v1/images/generations/${id}`, { headers: authorization(at) });

export const upload = (at: Endpoint, fields: Record<string, string | Blob>): Promise<Response> => {
  const form = new FormData();
  for (const [name, value] of Object.entries(fields)) form.set(name, value);
  return fetch(`${at.url}/v1/uploads/images`, { method: 'POST', headers: authorization(at), body: form });
};

const drawImage = (format: 'png' | 'jpeg' | 'webp' | 'gif', width = 12) =>
  sharp({ create: { width, height: 8, channels: 3, background: 'teal' } })
    .toFormat(format)
    .toBuffer();
const blob = async (format: 'png' | 'jpeg' | 'webp' | 'gif') =>
  new Blob([new Uint8Array(await drawImage(format))]);
const uri = async (width: number) =>
  `data:image/png;base64,${(await drawImage('png', width)).toString('base64')}`;

const VALID = { model: 'gemini-3-pro-image-preview', prompt: 'A red fox in fresh snow', size: '16:9', n: 1 };
const withUnknownKey = (at: Endpoint): Endpoint => ({ ...at, key: 'unknown-key' });

const submission = (name: string, body: unknown, more: Partial<Exchange> = {}): Exchange => ({
  name,
  send: (at) => submit(at, body),
  ...more,
});

/** Darkroom accepts a submission that the provider rejects. */
const ONLY_ACCEPTED_HERE = [
  'status 200, not 400',
  'error is missing',
  ...['id', 'object', 'model', 'status', 'progress', 'created_at', 'metadata'].map(
    (field) => `${field} is not the provider's`,
  ),
];

/** One request each, sent to both. The test itself compares how tasks go on. */
export const EXCHANGES: Exchange[] = [
  submission('a submission', VALID),
  submission('a submission with every field', {
    ...VALID,
    model: 'nano-banana-pro',
    resolution: '2K',
    metadata: { resolution: '4K', orientation: 'landscape', more: [1, { x: null }] },
    image_urls: ['https://images.example.com/a.jpg', { url: 'https://images.example.com/b.webp', id: 7 }],
    client_business_id: 'order-7',
    unknown: { field: true },
  }),
  submission('a submission with null in optional fields', {
    ...VALID,
    size: null,
    metadata: null,
    image_urls: null,
    client_business_id: null,
    callback_url: null,
  }),
  {
    name: 'a submission with an inline image and a mask',
    send: async (at) => submit(at, { ...VALID, image_urls: [await uri(12)], mask_url: await uri(12) }),
  },
  submission('a submission with broken JSON', '{"model":'),
  submission('a submission with an empty body', ''),
  submission('a submission that is not a JSON object', '[]'),
  submission('a submission without a prompt', { ...VALID, prompt: undefined }),
  submission('a submission with an empty prompt', { ...VALID, prompt: ' ' }),
  submission('a submission with a prompt of 1001 characters', { ...VALID, prompt: 'x'.repeat(1001) }),
  submission('a submission with a prompt of 1000 characters', { ...VALID, prompt: '🦊'.repeat(1000) }),
  submission('a submission with an unknown model', { ...VALID, model: 'dall-e' }),
  submission(
    'a submission without a model',
    { ...VALID, model: undefined },
    {
      differs: {
        by: ONLY_ACCEPTED_HERE,
        because: 'the contract has a default; the simulator requires the field',
      },
    },
  ),
  submission('a submission with an unknown size', { ...VALID, size: '7:5' }),
  submission('a submission with an unknown resolution', { ...VALID, resolution: '8K' }),
  submission(
    'a submission with null as its resolution',
    { ...VALID, resolution: null },
    {
      differs: {
        by: ONLY_ACCEPTED_HERE,
        because: 'many clients send null for a field that is not set, and the meaning is certain',
      },
    },
  ),
  submission('a submission with an unknown metadata.resolution', {
    ...VALID,
    metadata: { resolution: 'huge' },
  }),
  submission('a submission with an unknown orientation', {
    ...VALID,
    metadata: { orientation: 'upside-down' },
  }),
  submission('a submission whose metadata is not an object', { ...VALID, metadata: 'x' }),
  submission('a submission with n as a string', { ...VALID, n: '1' }),
  submission('a submission for two images', { ...VALID, n: 2 }),
  submission('a submission with 15 reference images', {
    ...VALID,
    image_urls: Array(15).fill('https://images.example.com/a.jpg'),
  }),
  submission('a submission whose image_urls is not an array', {
    ...VALID,
    image_urls: 'https://images.example.com/a.jpg',
  }),
  submission('a submission with an image that is not a URL', { ...VALID, image_urls: ['a.jpg'] }),
  submission('a submission with base64 without the data URI prefix', {
    ...VALID,
    image_urls: ['iVBORw0KGgo='],
  }),
  submission('a submission with a data URI of another type', {
    ...VALID,
    image_urls: ['data:image/bmp;base64,AAAA'],
  }),
  submission('a submission with a data URI that is not base64', {
    ...VALID,
    image_urls: ['data:image/png;base64,%%%'],
  }),
  submission('a submission with a data URI that holds no image', {
    ...VALID,
    image_urls: ['data:image/png;base64,AAAA'],
  }),
  submission('a submission with a mask but no image', {
    ...VALID,
    mask_url: 'https://images.example.com/m.png',
  }),
  {
    name: 'a submission with a mask of another size',
    send: async (at) => submit(at, { ...VALID, image_urls: [await uri(12)], mask_url: await uri(13) }),
  },
  submission('a submission whose client_business_id is a number', { ...VALID, client_business_id: 7 }),
  submission('a submission whose callback_url is not a URL', { ...VALID, callback_url: 'here' }),
  { name: 'a submission with an unknown key', send: (at) => submit(withUnknownKey(at), VALID) },

  { name: 'a poll of a task that does not exist', send: (at) => poll(at, 'task_img_unknown') },
  { name: 'a poll with an unknown key', send: (at) => poll(withUnknownKey(at), 'task_img_unknown') },
  {
    name: 'a request to a path that does not exist',
    send: (at) => fetch(`${at.url}/v1/images/nothing`, { headers: authorization(at) }),
  },
  {
    name: 'a request with another method',
    send: (at) => fetch(`${at.url}/v1/images/generations`, { method: 'DELETE', headers: authorization(at) }),
    differs: {
      by: [
        'status 405, not 404',
        'headers allow, not ',
        'error.code is method_not_allowed, not not_found',
        'error.type is invalid_request_error, not not_found_error',
      ],
      because: 'the path exists; Allow lists its methods',
    },
  },
  {
    name: 'a submission with another content type',
    send: (at) =>
      fetch(`${at.url}/v1/images/generations`, {
        method: 'POST',
        headers: { ...authorization(at), 'content-type': 'text/csv' },
        body: 'a,b',
      }),
    differs: {
      by: ['status 415, not 400'],
      because: 'the status distinguishes it from a body with wrong fields',
    },
  },

  ...(['jpeg', 'png', 'webp', 'gif'] as const).map((format) => ({
    name: `an upload of a ${format}`,
    send: async (at: Endpoint) => upload(at, { file: await blob(format), purpose: 'generation' }),
  })),
  { name: 'an upload without a purpose', send: async (at) => upload(at, { file: await blob('png') }) },
  { name: 'an upload of another type', send: (at) => upload(at, { file: new Blob(['%PDF-1.7']) }) },
  { name: 'an upload of an empty file', send: (at) => upload(at, { file: new Blob([]) }) },
  { name: 'an upload without a file', send: (at) => upload(at, { purpose: 'generation' }) },
  {
    name: 'an upload for another purpose',
    send: async (at) => upload(at, { file: await blob('png'), purpose: 'training' }),
  },
  {
    name: 'an upload that is too large',
    send: (at) => upload(at, { file: new Blob([new Uint8Array(10 * 1024 * 1024 + 1)]) }),
  },
  {
    name: 'an upload that is not a form',
    send: (at) =>
      fetch(`${at.url}/v1/uploads/images`, {
        method: 'POST',
        headers: { ...authorization(at), 'content-type': 'application/json' },
        body: '{}',
      }),
  },
  {
    name: 'an upload with an unknown key',
    send: async (at) => upload(withUnknownKey(at), { file: await blob('png') }),
  },

  ...['/v1/balance', '/v1/user/balance'].flatMap((path): Exchange[] => [
    { name: `GET ${path}`, send: (at) => fetch(`${at.url}${path}`, { headers: authorization(at) }) },
    {
      name: `GET ${path} with an unknown key`,
      send: (at) => fetch(`${at.url}${path}`, { headers: authorization(withUnknownKey(at)) }),
      differs: {
        by: [
          'status 401, not 200',
          "error is not the provider's",
          'success is missing',
          'message is missing',
        ],
        because: 'Darkroom answers an unknown key with 401 at every path',
      },
    },
  ]),
];
