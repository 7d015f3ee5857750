import fc from 'fast-check';
import type { Described, Schema } from '../contract/document.ts';

type Arb = fc.Arbitrary<unknown>;

const PIXEL =
  'data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';
const image = fc.oneof(
  { weight: 4, arbitrary: fc.webUrl({ withQueryParameters: true }) },
  { weight: 1, arbitrary: fc.constant(PIXEL) },
);

/** What a schema cannot say of a text: fields by their name. */
const KNOWN: Record<string, Arb> = {
  image_urls: fc.array(fc.oneof(image, fc.record({ url: image })), { maxLength: 3 }),
  url: image,
  // Often enough the only thing that a mask needs is missing.
  mask_url: fc.constant(PIXEL),
  webhook_url: fc.webUrl({ validSchemes: ['https'] }),
  prompt: fc.oneof(
    fc.constantFrom(
      'A lighthouse at dusk',
      'ein Leuchtturm 🌊',
      '灯台',
      'x'.repeat(1000),
      '👩‍👩‍👧‍👦'.repeat(9),
    ),
    fc.string({ minLength: 1, maxLength: 60, unit: 'grapheme' }),
  ),
};

/** Values that a schema allows. */
export function valid(document: Described, schema: Schema, name = ''): Arb {
  const known = KNOWN[name];
  if (known) return known;
  const inner = (one: unknown, called?: string) => valid(document, one as Schema, called);
  if (schema.$ref) return inner(document.components.schemas[schema.$ref.split('/').at(-1) ?? '']);
  if ('const' in schema) return fc.constant(schema['const']);
  if (schema['enum']) return fc.constantFrom(...(schema['enum'] as unknown[]));
  const branches = (schema['anyOf'] ?? schema['oneOf']) as Schema[] | undefined;
  if (branches) return fc.oneof(...branches.map((branch) => inner(branch)));
  const { type } = schema;
  if (Array.isArray(type)) return fc.oneof(...type.map((one) => inner({ ...schema, type: one })));
  const limit = (keyword: string) => schema[keyword] as number | undefined;
  switch (type) {
    case 'string':
      return text(schema);
    case 'integer':
      return fc.integer({ min: limit('minimum') ?? -1e9, max: limit('maximum') ?? 1e9 });
    case 'number':
      return fc.double({ noNaN: true, noDefaultInfinity: true });
    case 'boolean':
      return fc.boolean();
    case 'null':
      return fc.constant(null);
    case 'array':
      return fc.array(inner(schema['items'] ?? {}), {
        minLength: limit('minItems') ?? 0,
        maxLength: Math.min(limit('maxItems') ?? 4, 4),
      });
    case 'object':
      return object(document, schema);
    default:
      return fc.jsonValue({ maxDepth: 1 });
  }
}

function text(schema: Schema): Arb {
  const { pattern, format } = schema;
  const range = {
    minLength: (schema['minLength'] as number | undefined) ?? 0,
    maxLength: Math.min((schema['maxLength'] as number | undefined) ?? 40, 40),
  };
  if (typeof pattern === 'string') {
    return fc.stringMatching(new RegExp(pattern), { maxLength: Math.max(range.maxLength, 80) });
  }
  if (format === 'uri') return fc.webUrl();
  if (format === 'date-time') {
    const between = { min: new Date('2020-01-01'), max: new Date('2030-01-01'), noInvalidDate: true };
    return fc.date(between).map((date) => date.toISOString());
  }
  return fc.oneof(fc.string(range), fc.string({ ...range, unit: 'grapheme' }));
}

function object(document: Described, schema: Schema): Arb {
  const properties = (schema['properties'] ?? {}) as Record<string, Schema>;
  const required = (schema['required'] ?? []) as string[];
  const fields = Object.fromEntries(
    Object.entries(properties).map(([name, inner]) => {
      const value = valid(document, inner, name);
      return [name, required.includes(name) ? value : seldom(value)];
    }),
  );
  const known = fc.record(fields);
  const more = schema['additionalProperties'];
  if (typeof more !== 'object' || more === null) return known;
  const keys = valid(
    document,
    (schema['propertyNames'] ?? { type: 'string' }) as Schema,
  ) as fc.Arbitrary<string>;
  return fc
    .tuple(known, fc.dictionary(keys, valid(document, more as Schema), { maxKeys: 4 }))
    .map(([own, others]) => ({ ...others, ...own }));
}

/** One in four; JSON leaves out what is undefined. */
export const seldom = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> =>
  fc.oneof({ weight: 3, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary });
