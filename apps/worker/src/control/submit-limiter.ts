/**
 * BullMQ's limiter for a quota per minute. Its window is fixed, and at the edge of two windows twice as many would pass. So
 * the window is as short as whole submissions allow: a second for 300 per minute, two seconds for 30.
 */
export function createSubmitLimiter(perMinute: number): { max: number; duration: number } {
  const max = Math.ceil(perMinute / 60);
  return { max, duration: Math.ceil((max * 60_000) / perMinute) };
}
