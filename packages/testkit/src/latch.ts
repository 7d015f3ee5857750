export interface Latch<T = void> {
  readonly opened: boolean;
  /** Resolves every wait, present and future. Only the first call has an effect. */
  open(value: T): void;
  /** Rejects every wait, present and future. */
  fail(reason: unknown): void;
  /** Rejects if the latch is not opened in time. @param timeout milliseconds. @default 20_000 */
  wait(timeout?: number): Promise<T>;
}

/** A gate where one side of a test waits for the other, instead of sleeping. */
export function latch<T = void>(): Latch<T> {
  const { promise, resolve, reject } = Promise.withResolvers<T>();
  promise.catch(() => {}); // It may fail while no caller waits.
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
