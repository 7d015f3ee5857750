import fc from 'fast-check';

type Arb = fc.Arbitrary<unknown>;

const ODD_TEXTS = [
  '',
  ' ',
  '\u0000',
  '\ud800',
  '\udc00x',
  'null',
  '\u202Eevil',
  '../../../etc/passwd',
  "'; DROP TABLE renders; --",
  '<script>alert(1)</script>',
  '${jndi:ldap://x}',
  '%s%n',
  'rnd_0123456789abcdef0123456789abcdef',
  'data:image/png;base64,AAAA',
  'data:image/png;base64,!!!',
  'http://169.254.169.254/',
  'http://user:pass@h/',
  'https://',
  'x'.repeat(5000),
  '\u{1F600}'.repeat(1200),
  '__proto__',
];

/** Arbitrary values. */
export const junk: Arb = fc.oneof(
  fc.constantFrom<unknown>(
    null,
    true,
    false,
    0,
    -0,
    -1,
    1,
    1.5,
    1e21,
    1e308,
    -1e308,
    5e-324,
    2 ** 53 + 2,
    [],
    {},
    [[]],
    [null],
    {},
  ),
  fc.constantFrom<unknown>(...ODD_TEXTS),
  fc.string({ unit: 'binary', maxLength: 30 }),
  fc.jsonValue({ maxDepth: 3 }),
  fc.array(fc.constant('x'), { minLength: 15, maxLength: 40 }),
);

type Step = { at: number; how: 'replace' | 'drop' | 'add' | 'wrap' | 'many'; with: unknown; key: string };

const step: fc.Arbitrary<Step> = fc.record({
  at: fc.nat(1000),
  how: fc.constantFrom('replace', 'drop', 'add', 'wrap', 'many'),
  with: junk,
  key: fc.oneof(fc.constantFrom('n', 'url', '__proto__', 'constructor', 'idempotency_key', ''), fc.string()),
});

/** A right value with one or a few things wrong in it. */
export const nearly = (right: Arb): Arb =>
  fc
    .tuple(right, fc.array(step, { minLength: 1, maxLength: 3 }))
    .map(([value, steps]) => steps.reduce<unknown>(changed, JSON.parse(JSON.stringify(value ?? null))));

function changed(value: unknown, { at, how, with: other, key }: Step): unknown {
  const places = placesIn(value);
  const path = places[at % places.length] ?? [];
  return changedAt(value, path, (old) => {
    if (how === 'replace') return other;
    if (how === 'wrap') return [old];
    if (how === 'drop') return undefined;
    if (how === 'many')
      return Array.isArray(old) ? Array.from({ length: 20 }, () => old[0] ?? other) : [old, old];
    return typeof old === 'object' && old !== null && !Array.isArray(old)
      ? { ...old, [key]: other }
      : { [key]: old };
  });
}

function placesIn(value: unknown, path: string[] = []): string[][] {
  if (typeof value !== 'object' || value === null) return [path];
  return [path, ...Object.entries(value).flatMap(([key, inner]) => placesIn(inner, [...path, key]))];
}

function changedAt(value: unknown, path: string[], change: (old: unknown) => unknown): unknown {
  const [key, ...rest] = path;
  if (key === undefined) return change(value);
  if (Array.isArray(value)) {
    return value.map((inner, index) => (String(index) === key ? changedAt(inner, rest, change) : inner));
  }
  const old = value as Record<string, unknown>;
  return { ...old, [key]: changedAt(old[key], rest, change) };
}
