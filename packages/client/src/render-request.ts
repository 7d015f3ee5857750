import { DarkroomError } from './errors.ts';

/** Returns a unique key. `crypto.randomUUID` is missing on web pages without TLS, so the client does not use it. */
export function generateIdempotencyKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return `c-${Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')}`;
}

/** A key as the value of the header `Idempotency-Key`: percent-encoded where a header cannot carry it. */
export function encodeIdempotencyKey(key: string): string {
  return /^[\x21\x23\x24\x26-\x7e]+$/.test(key) ? key : encodeURIComponent(key);
}

/** @throws DarkroomError `unserializable`. */
export function serializeRequest(request: unknown): string {
  let text: string | undefined;
  try {
    text = JSON.stringify(request) as string | undefined;
  } catch (cause) {
    throw new DarkroomError('unserializable', 'The request cannot be written as JSON.', { cause });
  }
  if (text !== undefined) return text;
  throw new DarkroomError('unserializable', `JSON has no value for a request of type ${typeof request}.`);
}
