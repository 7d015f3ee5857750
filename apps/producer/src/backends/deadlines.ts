import { StoreError } from '@darkroom/shared/object-store';
import { setAwakeTimeout } from '@darkroom/shared/runtime';

/**
 * Resolves as `work` does, or as `onLate` does when `ms` have passed (I7). `onLate` may throw. The work itself is not
 * stopped: a command that was sent can still take effect.
 */
export async function withDeadline<T>(ms: number, work: Promise<T>, onLate: () => T): Promise<T> {
  const { promise: late, resolve, reject } = Promise.withResolvers<T>();
  const stop = setAwakeTimeout(ms, () => {
    try {
      resolve(onLate());
    } catch (error) {
      reject(error);
    }
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    stop();
  }
}

/** Resolves as `work` does, or to `otherwise` when it fails or `ms` have passed. For facts that a response can miss. */
export function withFallback<T>(ms: number, work: Promise<T>, otherwise: T): Promise<T> {
  const orOtherwise = work.catch(() => otherwise);
  return withDeadline(ms, orOtherwise, () => otherwise);
}

/** How long store calls may take: for a small object, for several that are written one after the other, and for images. */
export const STORE_DEADLINE_MS = { small: 5_000, several: 20_000, image: 30_000 } as const;

/**
 * Runs store calls under one deadline (I7) and aborts them when it has passed. A stream that they opened outlives it.
 *
 * @throws {StoreError} `unavailable` after `ms`.
 */
export async function withStoreDeadline<T>(
  ms: number,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const controller = new AbortController();
  const stop = setAwakeTimeout(ms, () => controller.abort());
  try {
    return await work(controller.signal);
  } catch (error) {
    if (!controller.signal.aborted) throw error;
    throw new StoreError('unavailable', `the object store did not answer within ${ms} ms`, { cause: error });
  } finally {
    stop();
  }
}
