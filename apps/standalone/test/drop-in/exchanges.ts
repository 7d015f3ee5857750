import sharp from 'sharp';
import type { Place } from './places.ts';

export interface Exchange {
  name: string;
  ask(at: Place): Promise<Response>;
  /** Every difference that there is, to the letter, with its reason. */
  differs?: { by: string[]; because: string };
}

const auth = ({ key }: Place) => ({ authorization: `Bearer ${key}` });

export const submit = (at: Place, body: unknown): Promise<Response> =>
  fetch(`${at.url}/v1/images/generations`, {
    method: 'POST',
    headers: { ...auth(at), 'content-type': 'application/json' },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });

export const look = (at: Place, id: string): Promise<Response> =>
  fetch(`${at.url}/v1/images/generations/${id}`, { headers: auth(at) });

export const upload = (at: Place, fields: Record<string, string | Blob>): Promise<Response> => {
  const form = new FormData();
  for (const [name, value] of Object.entries(fields)) form.set(name, value);
  return fetch(`${at.url}/v1/uploads/images`, { method: 'POST', headers: auth(at), body: form });
};

const picture = (format: 'png' | 'jpeg' | 'webp' | 'gif', width = 12) =>
  sharp({ create: { width, height: 8, channels: 3, background: 'teal' } })
    .toFormat(format)
    .toBuffer();
const blob = async (format: 'png' | 'jpeg' | 'webp' | 'gif') =>
  new Blob([new Uint8Array(await picture(format))]);
const uri = async (width: number) =>
  `data:image/png;base64,${(await picture('png', width)).toString('base64')}`;

const whole = { model: 'gemini-3-pro-image-preview', prompt: 'A red fox in fresh snow', size: '16:9', n: 1 };
const stranger = (at: Place): Place => ({ ...at, key: 'nobodys-key' });

const submission = (name: string, body: unknown, more: Partial<Exchange> = {}): Exchange => ({
  name,
  ask: (at) => submit(at, body),
  ...more,
});

/** One request each, asked of both. What becomes of a task is in the test itself. */
export const EXCHANGES: Exchange[] = [
  submission('a submission', whole),
  submission('one with everything', {
    ...whole,
    model: 'nano-banana-pro',
    resolution: '2K',
    metadata: { resolution: '4K', orientation: 'landscape', more: [1, { x: null }] },
    image_urls: ['https://images.example.com/a.jpg', { url: 'https://images.example.com/b.webp', id: 7 }],
    client_business_id: 'order-7',
    unknown: { field: true },
  }),
  submission('one with null for nothing', {
    ...whole,
    size: null,
    metadata: null,
    image_urls: null,
    client_business_id: null,
    callback_url: null,
  }),
  {
    name: 'one with an inline image and a mask',
    ask: async (at) => submit(at, { ...whole, image_urls: [await uri(12)], mask_url: await uri(12) }),
  },
  submission('broken JSON', '{"model":'),
  submission('an empty body', ''),
  submission('JSON that is no object', '[]'),
  submission('no prompt', { ...whole, prompt: undefined }),
  submission('an empty prompt', { ...whole, prompt: ' ' }),
  submission('a prompt of 1001 characters', { ...whole, prompt: 'x'.repeat(1001) }),
  submission('a prompt of 1000 characters', { ...whole, prompt: '🦊'.repeat(1000) }),
  submission('an unknown model', { ...whole, model: 'dall-e' }),
  submission(
    'no model',
    { ...whole, model: undefined },
    {
      differs: {
        by: [
          'status 200, not 400',
          'error is missing',
          ...['id', 'object', 'model', 'status', 'progress', 'created_at', 'metadata'].map(
            (field) => `${field} is not the provider's`,
          ),
        ],
        because: 'the contract names a default for it; the simulator insists',
      },
    },
  ),
  submission('an unknown size', { ...whole, size: '7:5' }),
  submission('an unknown resolution', { ...whole, resolution: '8K' }),
  submission('null for a resolution', { ...whole, resolution: null }),
  submission('an unknown metadata.resolution', { ...whole, metadata: { resolution: 'huge' } }),
  submission('an unknown orientation', { ...whole, metadata: { orientation: 'upside-down' } }),
  submission('metadata that is no object', { ...whole, metadata: 'x' }),
  submission('a quoted n', { ...whole, n: '1' }),
  submission('two pictures', { ...whole, n: 2 }),
  submission('15 images', { ...whole, image_urls: Array(15).fill('https://images.example.com/a.jpg') }),
  submission('image_urls that are no array', { ...whole, image_urls: 'https://images.example.com/a.jpg' }),
  submission('an image that is no URL', { ...whole, image_urls: ['a.jpg'] }),
  submission('base64 without its prefix', { ...whole, image_urls: ['iVBORw0KGgo='] }),
  submission('a data URI of another type', { ...whole, image_urls: ['data:image/bmp;base64,AAAA'] }),
  submission('a data URI that is not base64', { ...whole, image_urls: ['data:image/png;base64,%%%'] }),
  submission('a data URI that holds no image', { ...whole, image_urls: ['data:image/png;base64,AAAA'] }),
  submission('a mask without an image', { ...whole, mask_url: 'https://images.example.com/m.png' }),
  {
    name: 'a mask of another size',
    ask: async (at) => submit(at, { ...whole, image_urls: [await uri(12)], mask_url: await uri(13) }),
  },
  submission('a client_business_id that is a number', { ...whole, client_business_id: 7 }),
  submission('a callback_url that is none', { ...whole, callback_url: 'here' }),
  { name: 'a submission with a bad key', ask: (at) => submit(stranger(at), whole) },

  { name: 'a task that nobody submitted', ask: (at) => look(at, 'task_img_nobody') },
  { name: 'a look with a bad key', ask: (at) => look(stranger(at), 'task_img_nobody') },
  {
    name: 'an address that there is none of',
    ask: (at) => fetch(`${at.url}/v1/images/nothing`, { headers: auth(at) }),
  },
  {
    name: 'another method',
    ask: (at) => fetch(`${at.url}/v1/images/generations`, { method: 'DELETE', headers: auth(at) }),
    differs: {
      by: [
        'status 405, not 404',
        'headers allow, not ',
        'error.code is method_not_allowed, not not_found',
        'error.type is invalid_request_error, not not_found_error',
      ],
      because: 'the address is there: Allow says what for',
    },
  },
  {
    name: 'a submission that is not called JSON',
    ask: (at) =>
      fetch(`${at.url}/v1/images/generations`, {
        method: 'POST',
        headers: { ...auth(at), 'content-type': 'text/csv' },
        body: 'a,b',
      }),
    differs: { by: ['status 415, not 400'], because: 'told apart from a body with wrong fields' },
  },

  ...(['jpeg', 'png', 'webp', 'gif'] as const).map((format) => ({
    name: `an upload of a ${format}`,
    ask: async (at: Place) => upload(at, { file: await blob(format), purpose: 'generation' }),
  })),
  { name: 'an upload without a purpose', ask: async (at) => upload(at, { file: await blob('png') }) },
  { name: 'an upload of another type', ask: (at) => upload(at, { file: new Blob(['%PDF-1.7']) }) },
  { name: 'an upload of nothing', ask: (at) => upload(at, { file: new Blob([]) }) },
  { name: 'an upload without a file', ask: (at) => upload(at, { purpose: 'generation' }) },
  {
    name: 'an upload for another purpose',
    ask: async (at) => upload(at, { file: await blob('png'), purpose: 'training' }),
  },
  {
    name: 'an upload that is too large',
    ask: (at) => upload(at, { file: new Blob([new Uint8Array(10 * 1024 * 1024 + 1)]) }),
  },
  {
    name: 'an upload that is no form',
    ask: (at) =>
      fetch(`${at.url}/v1/uploads/images`, {
        method: 'POST',
        headers: { ...auth(at), 'content-type': 'application/json' },
        body: '{}',
      }),
  },
  { name: 'an upload with a bad key', ask: async (at) => upload(stranger(at), { file: await blob('png') }) },

  ...['/v1/balance', '/v1/user/balance'].flatMap((path): Exchange[] => [
    { name: `GET ${path}`, ask: (at) => fetch(`${at.url}${path}`, { headers: auth(at) }) },
    {
      name: `GET ${path} with a bad key`,
      ask: (at) => fetch(`${at.url}${path}`, { headers: auth(stranger(at)) }),
      differs: {
        by: [
          'status 401, not 200',
          "error is not the provider's",
          'success is missing',
          'message is missing',
        ],
        because: 'a key that is none of ours is 401 at every address',
      },
    },
  ]),
];
