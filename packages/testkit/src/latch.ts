export interface Latch<T = void> {
  readonly opened: boolean;
  /** Opens it for all who wait and will wait. Only the first call counts. */
  open(value: T): void;
  /** Fails all who wait and will wait. */
  fail(reason: unknown): void;
  /** Rejects when it was not opened in time. @param timeout milliseconds, 20_000 by default */
  wait(timeout?: number): Promise<T>;
}

/** A gate that two sides of a test meet at, in place of a sleep. */
export function latch<T = void>(): Latch<T> {
  const { promise, resolve, reject } = Promise.withResolvers<T>();
  promise.catch(() => {}); // Nobody may be waiting when it fails.
  let opened = false;
  return {
    get opened() {
      return opened;
    },
    open: (value) => {
      opened = true;
      resolve(value);
    },
    fail: reject,
    wait: async (timeout = 20_000) => {
      const late = Promise.withResolvers<never>();
      const timer = setTimeout(
        () => late.reject(new Error(`latch not opened within ${timeout} ms`)),
        timeout,
      );
      try {
        return await Promise.race([promise, late.promise]);
      } finally {
        clearTimeout(timer);
      }
    },
  };
}
