import { systemClock } from '../clock.ts';
import { DarkroomError } from '../errors.ts';
import type { WebhookEvent } from '../types.ts';

export interface VerifyOptions {
  /** Seconds that the sender's clock may be off, either way. @default 300 */
  toleranceSeconds?: number | undefined;
  /** Unix milliseconds. @default the real time */
  now?: (() => number) | undefined;
}

/** `Headers`, or what Node, Express, Fastify and others have in their place. */
export type WebhookHeaders =
  | { get(name: string): string | null }
  | Readonly<Record<string, string | readonly string[] | undefined>>;

/**
 * Whether a webhook is Darkroom's, as Standard Webhooks has it: `v1,<base64>` of the HMAC-SHA256 over
 * `id.timestamp.body`.
 *
 * @param body the bytes as they came, or their text: JSON that was parsed and written anew has another signature.
 * @param secret `whsec_…`; several while one is rotated.
 * @returns the event. The same `webhook-id` may come more than once.
 * @throws DarkroomError `webhook_headers`, `webhook_timestamp`, `webhook_signature` or `webhook_body`.
 * @throws TypeError when the receiver itself is wrong: a secret that is missing, a body that was parsed.
 */
export async function verifyWebhook(
  body: string | Uint8Array | ArrayBuffer,
  headers: WebhookHeaders,
  secret: string | readonly string[],
  { toleranceSeconds = 300, now = systemClock.now }: VerifyOptions = {},
): Promise<WebhookEvent> {
  const bytes = bytesOf(body);
  if (typeof secret !== 'string' && !Array.isArray(secret))
    throw new TypeError('secret: expected whsec_…, got none');
  const keys = (typeof secret === 'string' ? [secret] : (secret as readonly string[])).map(keyOf);
  if (typeof headers !== 'object' || headers === null)
    throw new TypeError('headers: expected those of the request');
  if (keys.length === 0) throw new TypeError('secret: expected at least one');
  const id = header(headers, 'webhook-id');
  const timestamp = header(headers, 'webhook-timestamp');
  const signatures = header(headers, 'webhook-signature');
  if (!id || !timestamp || !signatures)
    throw new DarkroomError('webhook_headers', 'The webhook-… headers are missing: is this a webhook?');
  const seconds = /^\d{1,12}$/.test(timestamp) ? Number(timestamp) : Number.NaN;
  if (!(Math.abs(now() / 1000 - seconds) <= toleranceSeconds))
    throw new DarkroomError(
      'webhook_timestamp',
      'The webhook is from another time: a replay, or a clock is off.',
    );

  const prefix = new TextEncoder().encode(`${id}.${timestamp}.`);
  const signed = new Uint8Array(prefix.length + bytes.length);
  signed.set(prefix);
  signed.set(bytes, prefix.length);
  const given = signatures.split(' ').flatMap((part) => {
    const [version, text] = part.split(',');
    const signature = version === 'v1' && text ? decode(text) : undefined;
    return signature ? [signature] : [];
  });
  if (!(await anyFits(keys, given, signed)))
    throw new DarkroomError(
      'webhook_signature',
      'The signature does not fit: the secret is another one, or the body is not as it was sent.',
    );
  return eventOf(bytes);
}

const HMAC = { name: 'HMAC', hash: 'SHA-256' } as const;

/** Web Crypto compares in constant time. */
async function anyFits(
  keys: readonly Bytes[],
  signatures: readonly Bytes[],
  signed: Bytes,
): Promise<boolean> {
  for (const bytes of keys) {
    const key = await crypto.subtle.importKey('raw', bytes, HMAC, false, ['verify']);
    for (const signature of signatures) {
      if (await crypto.subtle.verify('HMAC', key, signature, signed)) return true;
    }
  }
  return false;
}

type Bytes = Uint8Array<ArrayBuffer>;

function bytesOf(body: string | Uint8Array | ArrayBuffer): Uint8Array {
  if (typeof body === 'string') return new TextEncoder().encode(body);
  if (body instanceof Uint8Array) return body;
  if (body instanceof ArrayBuffer) return new Uint8Array(body);
  throw new TypeError('body: expected the bytes or the text as they came, not what a framework parsed');
}

/** Never says what the secret is. */
function keyOf(secret: string): Bytes {
  const key = typeof secret === 'string' && decode(secret.startsWith('whsec_') ? secret.slice(6) : secret);
  if (!key || key.length === 0) throw new TypeError('secret: expected whsec_ and base64');
  return key;
}

function decode(base64: string): Bytes | undefined {
  try {
    return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
  } catch {
    return undefined;
  }
}

function header(headers: WebhookHeaders, name: string): string | undefined {
  if (typeof headers.get === 'function') return headers.get(name) ?? undefined;
  const fields = headers as Readonly<Record<string, string | readonly string[] | undefined>>;
  // Frameworks write names in small letters; what was copied by hand may not be.
  const value = fields[name] ?? Object.entries(fields).find(([key]) => key.toLowerCase() === name)?.[1];
  return typeof value === 'string' ? value : value?.[0];
}

function eventOf(bytes: Uint8Array): WebhookEvent {
  try {
    const event = JSON.parse(new TextDecoder().decode(bytes)) as Partial<WebhookEvent> | null;
    if (typeof event?.type === 'string' && isObject(event.data)) return event as WebhookEvent;
  } catch {
    throw new DarkroomError('webhook_body', 'The webhook is signed and yet not JSON.');
  }
  throw new DarkroomError('webhook_body', 'The webhook is signed and yet no event.');
}

const isObject = (value: unknown) => typeof value === 'object' && value !== null;
