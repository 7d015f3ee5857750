import fc from 'fast-check';
import type { Described, OperationAt, Parameter } from '../contract/document.ts';
import { generateContent, mostly, toJson } from './bodies.ts';
import { junk } from './mistakes.ts';
import { seldom, valid } from './values.ts';

/** A request as it goes over the wire. */
export interface FuzzedRequest {
  method: string;
  path: string;
  headers: Record<string, string>;
  /** As text with one byte a character, so that a failure can be read and sent again. */
  body: string | undefined;
}

export interface FuzzTargets {
  /** Existing values of `{id}`, `{name}`…, by this name, or by the whole path where they differ, or by path and name. */
  known: Record<string, string[]>;
  /** Values of `Authorization`: of known keys, of unknown keys, and none. */
  authorizations: (string | undefined)[];
}

/** Requests of one operation: valid, almost valid, and arbitrary. */
export function generateRequests(
  document: Described,
  at: OperationAt,
  targets: FuzzTargets,
): fc.Arbitrary<FuzzedRequest> {
  const { operation } = at;
  const parameters = operation.parameters ?? [];
  return fc
    .record({
      method: mostly(
        60,
        fc.constant(at.method),
        fc.constantFrom('GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'),
      ),
      path: generatePath(at, targets),
      query: generateQuery(document, parameters),
      headers: generateHeaders(document, parameters),
      authorization: fc.constantFrom(...targets.authorizations),
      content: generateContent(document, at),
    })
    .map(({ method, path, query, headers, authorization, content }) => {
      const hasBody = method !== 'GET' && content !== undefined;
      return {
        method,
        path: path + query,
        headers: {
          ...headers,
          ...(authorization === undefined ? {} : { authorization }),
          ...(hasBody ? content.headers : {}),
        },
        body: hasBody ? content.body : undefined,
      };
    });
}

const escaped = (text: string) => encodeURIComponent(text.toWellFormed());

const ODD_SEGMENTS = [
  '%',
  '%ff',
  '%00',
  '..%2f..',
  // A client resolves one without the slash: the request would come to another path.
  '%2e%2e%2f',
  'a'.repeat(300),
  'rnd_',
  '{id}',
  '*',
  ':id',
  ';a=b',
  '%u0041',
];
const oddSegment = fc.oneof(
  fc.constantFrom(...ODD_SEGMENTS),
  fc.stringMatching(/^rnd_[0-9a-f]{32}$/),
  fc
    .string({ minLength: 1, unit: 'binary' })
    .map(escaped)
    .filter((text) => !/^\.{1,2}$/.test(text)),
);

function generatePath({ path }: OperationAt, { known }: FuzzTargets): fc.Arbitrary<string> {
  const segments = path.split('/').map((segment) => {
    const name = /^\{(\w+)\}$/.exec(segment)?.[1];
    if (!name) return fc.constant(segment);
    return mostly(
      3,
      fc.constantFrom(...(known[`${path} ${name}`] ?? known[path] ?? known[name] ?? ['unknown'])),
      oddSegment,
    );
  });
  return fc.tuple(...segments).map((all) => all.join('/'));
}

function generateQuery(document: Described, parameters: Parameter[]): fc.Arbitrary<string> {
  const known = parameters.filter((parameter) => parameter.in === 'query');
  const right = fc
    .tuple(...known.map((parameter) => pairOf(document, parameter)))
    .map((pairs) => pairs.flat());
  const odd = fc
    .tuple(
      right,
      fc.constantFrom('x', ...known.map(({ name }) => name)),
      fc.oneof(fc.string(), junk.map(toJson)),
    )
    .map(([pairs, name, value]) => [...pairs, `${name}=${escaped(value)}`]);
  const broken = fc
    .constantFrom('%', '=', '&&&', 'a[]=1&a[b]=2', '__proto__=1', '%ff=%00', 'x'.repeat(2000))
    .map((raw) => [raw]);
  return fc
    .oneof({ weight: 6, arbitrary: right }, { weight: 2, arbitrary: odd }, { weight: 1, arbitrary: broken })
    .map((pairs) => (pairs.length > 0 ? `?${pairs.join('&')}` : ''));
}

/** No pair, or one. */
function pairOf(document: Described, { name, schema = {}, required }: Parameter): fc.Arbitrary<string[]> {
  const values = name === 'wait' ? fc.constantFrom<unknown>(0, 1, 60) : valid(document, schema);
  const pair = values.map((value) => [`${name}=${escaped([value].flat().join(','))}`]);
  const none = fc.constant<string[]>([]);
  return required ? pair : fc.oneof(none, none, pair);
}

// What an HTTP client can send at all.
const headerText = fc.stringMatching(/^[\x20-\x7e\xa0-\xff]{0,40}$/);

function generateHeaders(document: Described, parameters: Parameter[]): fc.Arbitrary<Record<string, string>> {
  const known = parameters.filter((parameter) => parameter.in === 'header');
  const described = Object.fromEntries(
    known.map(({ name, schema = {} }) => {
      const right = (valid(document, schema) as fc.Arbitrary<string>).map((text) =>
        text.replace(/[^\x20-\x7e]/g, 'x'),
      );
      return [name, mostly(4, fc.oneof(right, fc.constantFrom('one', 'two')), headerText)];
    }),
  );
  const odd = {
    accept: fc.constantFrom('application/json', 'text/html', '*/*', 'image/avif', 'nonsense'),
    'x-request-id': headerText,
    'if-none-match': fc.constantFrom('*', '"x"', 'W/', '""'),
    'last-event-id': headerText,
    'sec-fetch-site': fc.constantFrom('same-origin', 'none', 'cross-site'),
    'accept-language': headerText,
  };
  const some = fc.oneof(
    { weight: 5, arbitrary: fc.constant({}) },
    { weight: 1, arbitrary: fc.record(odd, { requiredKeys: [] }) },
  );
  const own = fc.record(
    Object.fromEntries(Object.entries(described).map(([name, value]) => [name, seldom(value)])),
  );
  return fc.tuple(own, some).map(([mine, others]) => {
    const given = Object.entries(mine).filter((pair): pair is [string, string] => pair[1] !== undefined);
    return { ...Object.fromEntries(given), ...others };
  });
}
