/**
 * What callers get wrong in options and ids: a `TypeError` at once that names it, in place of a request that cannot be
 * sent or a wait that has no end. No message quotes what may be a secret.
 */

/** Any number of milliseconds; `Infinity` never ends. `NaN` is what `Number()` makes of a setting that is missing. */
export function expectMilliseconds(name: string, value: number | undefined, least = -Infinity): void {
  if (value === undefined || (typeof value === 'number' && value >= least)) return;
  const bound = least === -Infinity ? 'a number of milliseconds' : `milliseconds, ${least} or more`;
  throw new TypeError(
    `${name}: expected ${bound}, received ${typeof value === 'number' ? value : typeof value}`,
  );
}

/** Platforms refuse other headers as if there were no network. */
export function expectIdempotencyKey(name: string, value: string | undefined, most = 255): void {
  if (
    value === undefined ||
    (typeof value === 'string' && /^[\x21-\x7e]+$/.test(value) && value.length <= most)
  )
    return;
  throw new TypeError(`${name}: expected 1 to ${most} printable ASCII characters without blanks`);
}

export function expectHeaders(headers: Readonly<Record<string, string>> | undefined): void {
  for (const [name, value] of Object.entries(headers ?? {})) {
    if (!/^[\w!#$%&'*+.^`|~-]+$/.test(name)) throw new TypeError('headers: expected names that HTTP knows');
    if (typeof value !== 'string' || !/^[\t\x20-\x7e\x80-\xff]*$/.test(value))
      throw new TypeError(`headers: expected ${name} to be text without line breaks, of Latin-1 characters`);
  }
}
