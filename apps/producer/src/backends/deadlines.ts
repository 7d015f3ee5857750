import { StoreError } from '@darkroom/shared/object-store';
import { setAwakeTimeout } from '@darkroom/shared/runtime';

/** Milliseconds that the store may take for a small object, and for an image. */
export const STORE_DEADLINE_MS = { small: 5_000, image: 30_000 } as const;

/**
 * Runs store calls under one limit (I7). A stream that they opened outlives it.
 *
 * @throws {StoreError} `unavailable` when they take longer than `ms`.
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
