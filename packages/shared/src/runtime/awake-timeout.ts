const SLICES = 10;

/**
 * Runs `late` after `ms` in which this process was awake, more or less. One that stood still (the machine was suspended
 * or busy with others) has heard nothing meanwhile, and must not take that for the silence of whoever it waits for: a
 * standstill counts for a tenth of `ms` at the most.
 *
 * @returns stops it.
 */
export function setAwakeTimeout(ms: number, late: () => void): () => void {
  let left = SLICES;
  let timer: NodeJS.Timeout;
  const arm = () => {
    timer = setTimeout(() => {
      left -= 1;
      if (left > 0) arm();
      else late();
    }, ms / SLICES);
  };
  arm();
  return () => clearTimeout(timer);
}
