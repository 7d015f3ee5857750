import { setTimeout as delay } from 'node:timers/promises';

export interface UntilOptions {
  /** Milliseconds. It detects a hang; it is no performance requirement. @default 20_000 */
  timeout?: number;
  /** Milliseconds between two checks. @default 20 */
  every?: number;
  /** The name of the condition in the error. */
  what?: string;
}

/**
 * Polls the condition until it returns a truthy value, and returns this value. A condition that throws is polled
 * again; its last error is the cause of the error at the deadline.
 */
export async function until<T>(
  condition: () => T | Promise<T>,
  options: UntilOptions = {},
): Promise<NonNullable<T>> {
  const { timeout = 20_000, every = 20, what = 'the condition' } = options;
  const deadline = performance.now() + timeout;
  for (;;) {
    let failure: unknown;
    try {
      const value = await condition();
      if (value) return value;
    } catch (error) {
      failure = error;
    }
    if (performance.now() >= deadline)
      throw new Error(`${what} did not become true within ${timeout} ms`, { cause: failure });
    await delay(every);
  }
}
