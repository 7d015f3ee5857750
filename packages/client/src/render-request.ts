import { DarkroomError } from './errors.ts';

/** A key that nobody else draws. `crypto.randomUUID` is missing on pages without TLS. */
export function drawKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return `c-${Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')}`;
}

/** @throws DarkroomError `unserializable`. */
export function serialize(request: unknown): string {
  try {
    const text = JSON.stringify(request) as string | undefined;
    if (text !== undefined) return text;
  } catch (cause) {
    throw new DarkroomError('unserializable', 'The request cannot be written as JSON.', { cause });
  }
  throw new DarkroomError('unserializable', 'The request is nothing that JSON knows.');
}
