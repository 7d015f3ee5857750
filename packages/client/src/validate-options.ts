/**
 * Checks of options and ids. A mistake is a `TypeError` that names the option, before a request is sent. Without these
 * checks, a mistake could be reported as a network error, or a wait could have no end. No message quotes a possible secret.
 */

/** `Infinity` means without limit. `NaN` is not valid: it is what `Number()` returns for a missing setting. */
export function validateMilliseconds(name: string, value: number | undefined, min = -Infinity): void {
  if (value === undefined || (typeof value === 'number' && value >= min)) return;
  const expected = min === -Infinity ? 'a number of milliseconds' : `at least ${min} milliseconds`;
  throw new TypeError(
    `${name}: expected ${expected}, received ${typeof value === 'number' ? value : typeof value}`,
  );
}

export function validateIdempotencyKey(name: string, value: string | undefined, maxBytes = 255): void {
  if (value === undefined) return;
  if (typeof value === 'string' && /^[^\u0000-\u001f\u007f]+$/.test(value) && isUnicode(value)) {
    if (new TextEncoder().encode(value).length <= maxBytes) return;
  }
  throw new TypeError(`${name}: expected text of 1 to ${maxBytes} bytes without control characters`);
}

/** Lone surrogates cannot be encoded. Node 18 has no `isWellFormed`. */
const isUnicode = (text: string) => !/\p{Surrogate}/u.test(text);

export function validateHeaders(headers: Readonly<Record<string, string>> | undefined): void {
  for (const [name, value] of Object.entries(headers ?? {})) {
    if (!/^[\w!#$%&'*+.^`|~-]+$/.test(name)) throw new TypeError('headers: expected valid HTTP header names');
    if (typeof value !== 'string' || !/^[\t\x20-\x7e\x80-\xff]*$/.test(value))
      throw new TypeError(`headers: expected ${name} to be Latin-1 text without line breaks`);
  }
}

/**
 * The path of a render, or of something below it.
 *
 * @throws TypeError for an id that would lead to another endpoint, such as `../queues`.
 */
export function buildRenderPath(id: string, subpath = ''): string {
  if (typeof id !== 'string' || !/^\w[\w-]*$/.test(id)) {
    const received = typeof id === 'string' ? 'another string' : typeof id;
    throw new TypeError(`id: expected the id of a render, for example rnd_…; received ${received}`);
  }
  return `v1/renders/${id}${subpath}`;
}
