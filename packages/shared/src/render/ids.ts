import { createHash, randomBytes } from 'node:crypto';

/**
 * The id of a render that was asked for under an idempotency key: the same tenant and key always name the
 * same render, on every producer and in every year, with nothing to look up.
 */
export function renderIdFor(tenant: string, idempotencyKey: string): string {
  return `rnd_${createHash('sha256').update(tenant).update('\0').update(idempotencyKey).digest('hex').slice(0, 32)}`;
}

/** The id of a render without an idempotency key. The only random id in Darkroom: it is made at the door. */
export function randomRenderId(): string {
  return `rnd_${randomBytes(16).toString('hex')}`;
}

/** The child that submits purchase number `attempt` of a render. */
export const submitJobId = (renderId: string, attempt: number) => `${renderId}.s${attempt}`;

/** The child that stores the image of purchase number `attempt`. */
export const storeJobId = (renderId: string, attempt: number) => `${renderId}.t${attempt}`;

export function sha256(bytes: Uint8Array | string): string {
  return createHash('sha256').update(bytes).digest('hex');
}
