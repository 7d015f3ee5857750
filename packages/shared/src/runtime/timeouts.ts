const SLICES = 10;

/**
 * Calls `onTimeout` after about `ms` in which this process was awake. While a process is suspended, or its machine is
 * busy with other work, it reads no answers. That time must not count as silence of the other side, so one standstill
 * counts for at most a tenth of `ms`.
 *
 * @returns cancels the timeout.
 */
export function setAwakeTimeout(ms: number, onTimeout: () => void): () => void {
  let slicesLeft = SLICES;
  let timer: NodeJS.Timeout;
  const startSlice = () => {
    timer = setTimeout(() => {
      slicesLeft -= 1;
      if (slicesLeft > 0) startSlice();
      else onTimeout();
    }, ms / SLICES);
  };
  startSlice();
  return () => clearTimeout(timer);
}

/**
 * Resolves or rejects as `work` does, or rejects with the error of `onTimeout` after `ms` of awake time. The work is
 * not stopped: what it has sent may still take effect.
 */
export async function raceTimeout<T>(work: PromiseLike<T>, ms: number, onTimeout: () => Error): Promise<T> {
  const { promise: timeout, reject } = Promise.withResolvers<never>();
  const cancelTimeout = setAwakeTimeout(ms, () => reject(onTimeout()));
  try {
    return await Promise.race([work, timeout]);
  } finally {
    cancelTimeout();
  }
}
