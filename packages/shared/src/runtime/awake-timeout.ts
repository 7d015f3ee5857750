const SLICES = 10;

/**
 * Runs `late` after `ms` in which this process was awake, more or less. One that stood still (the machine was suspended
 * or busy with others) has heard nothing meanwhile, and must not take that for the silence of whoever it waits for: a
 * standstill counts for a tenth of `ms` at the most.
 *
 * @returns stops it.
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
