import { systemClock } from '../clock.ts';
import { DarkroomError } from '../errors.ts';
import type { WebhookEvent } from '../types.ts';

export interface VerifyOptions {
  /** How many seconds the sender's clock may differ, in both directions. @default 300 */
  toleranceSeconds?: number | undefined;
  /** The current time in Unix milliseconds. @default `Date.now` */
  now?: (() => number) | undefined;
}

/** `Headers`, or the header objects of Node, Express, Fastify and others. */
export type WebhookHeaders =
  | { get(name: string): string | null }
  | Readonly<Record<string, string | readonly string[] | undefined>>;

/**
 * Checks that a webhook is from Darkroom, as Standard Webhooks defines it. The signature is `v1,` and the base64 of the
 * HMAC-SHA256 of `id.timestamp.body`.
 *
 * @param body the received bytes, or their text. JSON that was parsed and serialized again has another signature.
 * @param secret `whsec_…`. During a rotation, pass the old and the new secret.
 * @returns the event. Darkroom may send an event more than once, with the same `webhook-id`.
 * @throws DarkroomError `webhook_headers`, `webhook_timestamp`, `webhook_signature` or `webhook_body`.
 * @throws TypeError when the receiver passes a wrong argument, such as a missing secret or a parsed body.
 */
export async function verifyWebhook(
  body: string | Uint8Array | ArrayBuffer,
  headers: WebhookHeaders,
  secret: string | readonly string[],
  { toleranceSeconds = 300, now = systemClock.now }: VerifyOptions = {},
): Promise<WebhookEvent> {
  const bytes = toBytes(body);
  if (typeof secret !== 'string' && !Array.isArray(secret))
    throw new TypeError('secret: expected a string that begins with whsec_, or a list of such strings');
  const keys = (typeof secret === 'string' ? [secret] : (secret as readonly string[])).map(decodeSecret);
  if (typeof headers !== 'object' || headers === null)
    throw new TypeError('headers: expected the headers of the request');
  if (keys.length === 0) throw new TypeError('secret: expected at least one secret');
  const id = getHeader(headers, 'webhook-id');
  const timestamp = getHeader(headers, 'webhook-timestamp');
  const signatures = getHeader(headers, 'webhook-signature');
  if (!id || !timestamp || !signatures)
    throw new DarkroomError(
      'webhook_headers',
      'The headers webhook-id, webhook-timestamp and webhook-signature are required.',
    );
  const seconds = /^\d{1,12}$/.test(timestamp) ? Number(timestamp) : Number.NaN;
  if (!(Math.abs(now() / 1000 - seconds) <= toleranceSeconds))
    throw new DarkroomError(
      'webhook_timestamp',
      'The timestamp is too far from the current time. The webhook is a replay, or a clock is wrong.',
    );

  const prefix = new TextEncoder().encode(`${id}.${timestamp}.`);
  const signed = new Uint8Array(prefix.length + bytes.length);
  signed.set(prefix);
  signed.set(bytes, prefix.length);
  const candidates = signatures.split(' ').flatMap((part) => {
    const [version, text] = part.split(',');
    const signature = version === 'v1' && text ? decodeBase64(text) : undefined;
    return signature ? [signature] : [];
  });
  if (!(await matchesAny(keys, candidates, signed)))
    throw new DarkroomError(
      'webhook_signature',
      'The signature does not match. The secret is wrong, or the body is not the received bytes.',
    );
  return parseEvent(bytes);
}

const HMAC = { name: 'HMAC', hash: 'SHA-256' } as const;

/** `crypto.subtle.verify` compares in constant time. */
async function matchesAny(
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

function toBytes(body: string | Uint8Array | ArrayBuffer): Uint8Array {
  if (typeof body === 'string') return new TextEncoder().encode(body);
  if (body instanceof Uint8Array) return body;
  if (body instanceof ArrayBuffer) return new Uint8Array(body);
  throw new TypeError('body: expected the received bytes or their text, not a parsed body');
}

/** The error does not contain the secret. */
function decodeSecret(secret: string): Bytes {
  const key =
    typeof secret === 'string' && decodeBase64(secret.startsWith('whsec_') ? secret.slice(6) : secret);
  if (!key || key.length === 0) throw new TypeError('secret: expected whsec_ followed by base64');
  return key;
}

function decodeBase64(base64: string): Bytes | undefined {
  try {
    return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
  } catch {
    return undefined;
  }
}

function getHeader(headers: WebhookHeaders, name: string): string | undefined {
  if (typeof headers.get === 'function') return headers.get(name) ?? undefined;
  const fields = headers as Readonly<Record<string, string | readonly string[] | undefined>>;
  // Frameworks use lower-case names. Headers from other sources may use another case.
  const value = fields[name] ?? Object.entries(fields).find(([key]) => key.toLowerCase() === name)?.[1];
  return typeof value === 'string' ? value : value?.[0];
}

function parseEvent(bytes: Uint8Array): WebhookEvent {
  try {
    const event = JSON.parse(new TextDecoder().decode(bytes)) as Partial<WebhookEvent> | null;
    if (typeof event?.type === 'string' && isObject(event.data)) return event as WebhookEvent;
  } catch {
    throw new DarkroomError('webhook_body', 'The webhook has a valid signature, but its body is not JSON.');
  }
  throw new DarkroomError('webhook_body', 'The webhook has a valid signature, but its body is not an event.');
}

const isObject = (value: unknown) => typeof value === 'object' && value !== null;
