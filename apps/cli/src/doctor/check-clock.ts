import { type Check, fail, ok, warn } from './check.ts';

/** Below this difference, it is the inaccuracy of the measurement: the times of a store are whole seconds. */
const WARN_MS = 2_000;
/** Deadlines count only when two polls, 30 s apart, have passed them. */
const FAIL_MS = 30_000;

/** @param skewMs how far the server's clock is ahead of the clock of this machine */
export function checkSkew(name: string, server: string, skewMs: number): Check {
  const size = Math.abs(skewMs);
  if (size < WARN_MS) return ok(name, `The clocks of ${server} and of this machine agree`);
  const direction = skewMs > 0 ? 'ahead of' : 'behind';
  const message = `The clock of ${server} is ${(size / 1000).toFixed(0)} s ${direction} the clock of this machine`;
  const remedy = 'Keep the clocks of all machines in sync, for example with chrony.';
  return size < FAIL_MS ? warn(name, message, remedy) : fail(name, message, remedy);
}
