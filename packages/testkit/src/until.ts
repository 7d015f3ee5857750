import { setTimeout as delay } from 'node:timers/promises';

export interface UntilOptions {
  /** Milliseconds: finds out what hangs, and says nothing of how fast it should be. @default 20_000 */
  timeout?: number;
  /** Milliseconds between looks. @default 20 */
  every?: number;
  /** For the error: what was waited for. */
  what?: string;
}

/**
 * Looks again until the condition answers with something truthy, and returns that. A condition that throws is
 * looked at again too: its last error is the cause when the deadline passes.
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
      throw new Error(`${what} was not so within ${timeout} ms`, { cause: failure });
    await delay(every);
  }
}
