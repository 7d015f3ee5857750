/**
 * The header `Retry-After`, in seconds or as an HTTP date, as milliseconds from `now`. It is the server's wish: callers
 * set their own limits.
 *
 * @param now Unix milliseconds.
 * @returns `undefined` for a missing or malformed header and for a date in the past; `Infinity` is possible.
 */
export function parseRetryAfter(header: string | string[] | undefined, now: number): number | undefined {
  const value = (Array.isArray(header) ? header[0] : header)?.trim();
  if (!value) return undefined;
  if (/^\d+(\.\d+)?$/.test(value)) return Number(value) * 1000;
  // HTTP dates begin with a weekday. `Date.parse` alone accepts many other texts.
  const ms = /^[A-Z]/.test(value) ? Date.parse(value) - now : Number.NaN;
  return ms > 0 ? ms : undefined;
}
