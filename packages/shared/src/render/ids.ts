import { hash, randomBytes } from 'node:crypto';

/**
 * The id of a render that was asked for under an idempotency key: the same tenant and key always name the
 * same render, on every producer and in every year, with nothing to look up.
 */
export function renderIdFor(tenant: string, idempotencyKey: string): string {
  return `rnd_${sha256(`${tenant}\0${idempotencyKey}`).slice(0, 32)}`;
}

/** The id of a render without an idempotency key. The only random id in Darkroom: it is made at the door. */
export function drawRenderId(): string {
  return `rnd_${randomHex(16)}`;
}

/** The child that submits purchase number `attempt` of a render. */
export const submitJobId = (renderId: string, attempt: number) => `${renderId}.s${attempt}`;

/** The child that stores the image of purchase number `attempt`. */
export const storeJobId = (renderId: string, attempt: number) => `${renderId}.t${attempt}`;

export function sha256(bytes: Uint8Array | string): string {
  return hash('sha256', bytes);
}

let drawn = Buffer.alloc(0);

/** Random bytes that nobody can guess, as hex. They are drawn many at a time: a draw costs more than its bytes. */
export function randomHex(bytes: number): string {
  if (drawn.length < bytes) drawn = randomBytes(4096);
  const taken = drawn.toString('hex', 0, bytes);
  drawn = drawn.subarray(bytes);
  return taken;
}
