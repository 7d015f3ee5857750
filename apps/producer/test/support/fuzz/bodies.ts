import fc from 'fast-check';
import { type Described, examplesOf, type OperationAt, type Schema } from '../contract/document.ts';
import { junk, nearly } from './mistakes.ts';
import { valid } from './values.ts';

/** A body with the headers that describe it. The text has one byte per character. */
export interface Content {
  headers: Record<string, string>;
  body: string;
}

const WRONG_TYPES = [
  'text/plain',
  'application/xml',
  'multipart/form-data',
  'application/json; charset=utf-16',
  'x',
  '',
];

/** Bodies of an operation: valid, almost valid, damaged, of another type, or none. */
export function generateContent(
  document: Described,
  { operation, method }: OperationAt,
): fc.Arbitrary<Content | undefined> {
  if (method === 'GET') return fc.constant(undefined);
  const kinds = Object.entries(operation.requestBody?.content ?? { 'application/json': { schema: {} } });
  const right = fc.oneof(
    ...kinds.map(([type, media]) => {
      const { schema = {} } = media;
      if (type === 'multipart/form-data') return form(schema);
      const examples = examplesOf(document, media);
      const value = fc.oneof(
        ...(examples.length > 0 ? [{ weight: 3, arbitrary: fc.constantFrom(...examples) }] : []),
        { weight: 5, arbitrary: valid(document, schema) },
        { weight: 5, arbitrary: nearly(valid(document, schema)) },
        { weight: 1, arbitrary: junk },
      );
      const json = type.includes('ndjson')
        ? fc.array(value.map(toJson), { minLength: 0, maxLength: 5 }).map((lines) => lines.join('\n'))
        : value.map(toJson);
      const body = mostly(9, json.map(toBytes), fc.oneof(json.map(toBytes).chain(damaged), oddBody));
      return body.map((bytes) => ({ headers: { 'content-type': type }, body: bytes }));
    }),
  );
  const odd = fc.record({
    headers: fc.record(
      {
        'content-type': fc.constantFrom(...WRONG_TYPES, ...kinds.map(([type]) => type)),
        'content-encoding': fc.constantFrom('gzip', 'identity', 'br'),
      },
      { requiredKeys: [] },
    ),
    body: oddBody,
  });
  return fc.oneof(
    { weight: 12, arbitrary: right },
    { weight: 1, arbitrary: odd },
    { weight: operation.requestBody ? 1 : 12, arbitrary: fc.constant(undefined) },
  );
}

const toBytes = (text: string) => Buffer.from(text, 'utf8').toString('latin1');
export const toJson = (value: unknown) => JSON.stringify(value) ?? '';

/** Cut off, or with one byte that is another. */
const damaged = (body: string): fc.Arbitrary<string> =>
  fc
    .tuple(fc.nat(Math.max(0, body.length - 1)), fc.constantFrom('', '\xff', '\0', '"', '}'))
    .map(([at, byte]) => (byte === '' ? body.slice(0, at) : body.slice(0, at) + byte + body.slice(at + 1)));

const oddBody: fc.Arbitrary<string> = fc.oneof(
  fc.constantFrom(
    '',
    ' ',
    'null',
    '[',
    '{}',
    '[]',
    '\xef\xbb\xbf{}',
    '{"prompt":1e999}',
    '{"prompt":"a","prompt":"b"}',
    '{"__proto__":{"prompt":"a"}}',
    `${'['.repeat(3000)}${']'.repeat(3000)}`,
    '{"prompt":"\\ud800"}',
    '\n\n\n',
    '{"prompt":"a"}\n{"prompt":',
  ),
  fc.uint8Array({ maxLength: 60 }).map((bytes) => Buffer.from(bytes).toString('latin1')),
);

const PNG = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
  'base64',
).toString('latin1');

/** A form of a schema's fields: with an image where bytes are meant, or something else. */
function form(schema: Schema): fc.Arbitrary<Content> {
  const names = Object.keys((schema['properties'] ?? {}) as object);
  const part = fc
    .record({
      name: mostly(
        6,
        fc.constantFrom(...(names.length > 0 ? names : ['file'])),
        fc.constantFrom('x', '', 'files[]'),
      ),
      file: mostly(
        6,
        fc.constant('; filename="a.png"'),
        fc.constantFrom('', '; filename=""', '; filename="../a"'),
      ),
      type: fc.constantFrom('image/png', 'text/plain', 'image/svg+xml'),
      bytes: mostly(3, fc.constant(PNG), fc.oneof(fc.constant(PNG.slice(0, 40)), oddBody)),
    })
    .map(
      ({ name, file, type, bytes }) =>
        `--cut\r\nContent-Disposition: form-data; name="${name}"${file}\r\nContent-Type: ${type}\r\n\r\n${bytes}\r\n`,
    );
  return fc
    .record({
      parts: fc.oneof(
        { weight: 5, arbitrary: part.map((one) => [one]) },
        { weight: 1, arbitrary: fc.array(part, { maxLength: 3 }) },
      ),
      end: mostly(8, fc.constant('--cut--\r\n'), fc.constantFrom('', '--cut', '--other--\r\n')),
      boundary: mostly(8, fc.constant('; boundary=cut'), fc.constantFrom('', '; boundary=', '; boundary=x')),
    })
    .map(({ parts, end, boundary }) => ({
      headers: { 'content-type': `multipart/form-data${boundary}` },
      body: parts.join('') + end,
    }));
}

/** One in `weight + 1` is otherwise. */
export const mostly = <T>(weight: number, usual: fc.Arbitrary<T>, otherwise: fc.Arbitrary<T>) =>
  fc.oneof({ weight, arbitrary: usual }, { weight: 1, arbitrary: otherwise });
