import { hash, randomBytes } from 'node:crypto';

/**
 * The id of a render with an idempotency key. The same tenant and key always give the same id, on every producer and at
 * any time, without a lookup.
 */
export function renderIdFor(tenant: string, idempotencyKey: string): string {
  return `rnd_${sha256(`${tenant}\0${idempotencyKey}`).slice(0, 32)}`;
}

/**
 * The id of the render that buys another one again. There is one for each render, so a repeated call buys nothing. No
 * tenant is empty, so no idempotency key gives this id.
 */
export function copyIdFor(renderId: string): string {
  return `rnd_${sha256(`\0copy\0${renderId}`).slice(0, 32)}`;
}

/** The id of a render without an idempotency key: the only random id in Darkroom. The intake draws it (I6). */
export function drawRenderId(): string {
  return `rnd_${randomHex(16)}`;
}

/** The id of the child that submits attempt number `attempt` of a render. */
export const submitJobId = (renderId: string, attempt: number) => `${renderId}.s${attempt}`;

/** The id of the child that stores the image of attempt number `attempt`. */
export const storeJobId = (renderId: string, attempt: number) => `${renderId}.t${attempt}`;

export function sha256(bytes: Uint8Array | string): string {
  return hash('sha256', bytes);
}

let drawn = Buffer.alloc(0);

/** Unpredictable random bytes as hex. They are drawn in large blocks, because a draw costs more than its bytes. */
export function randomHex(bytes: number): string {
  if (drawn.length < bytes) drawn = randomBytes(4096);
  const taken = drawn.toString('hex', 0, bytes);
  drawn = drawn.subarray(bytes);
  return taken;
}
