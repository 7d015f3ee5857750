import sharp from 'sharp';
import type { Answered } from './check.ts';
import { type Described, examplesOf, type Media, type OperationAt, type Parameter } from './document.ts';

/** A request that is made from examples only. */
export interface Example {
  name: string;
  path: string;
  init: RequestInit;
}

/**
 * Every request that an operation's examples make: each example of its body with the parameters that it needs, and
 * one with all parameters that have an example.
 */
export async function listExamples(document: Described, at: OperationAt): Promise<Example[]> {
  const { operation, method } = at;
  const bodies = await listBodies(document, at);
  const parameters = operation.parameters ?? [];
  const optional = parameters.some((one) => !one.required && exampleOf(one) !== undefined);
  return [false, ...(optional ? [true] : [])].flatMap((all) =>
    (all ? bodies.slice(0, 1) : bodies).map(({ name, type, body }) => {
      const given = parameters.filter((one) => one.required || (all && exampleOf(one) !== undefined));
      const of = (place: Parameter['in']) => given.filter((one) => one.in === place);
      const query = of('query').map((one) => `${one.name}=${encodeURIComponent(shown(one))}`);
      // The same key for two requests would be a conflict.
      const own = (name: string) => (name === 'Idempotency-Key' ? `-${operation.operationId}` : '');
      const headers = Object.fromEntries(of('header').map((one) => [one.name, shown(one) + own(one.name)]));
      const path = at.path.replace(/\{(\w+)\}/g, (_, name) =>
        shown(parameters.find((one) => one.name === name) as Parameter),
      );
      return {
        name: `${method} ${at.path}${name && `: ${name}`}${all ? ', with all parameters' : ''}`,
        path: path + (query.length > 0 ? `?${query.join('&')}` : ''),
        init: {
          method,
          headers: { ...headers, ...(type ? { 'content-type': type } : {}) },
          ...(body === undefined ? {} : { body }),
        },
      };
    }),
  );
}

interface Body {
  name: string;
  type?: string;
  body?: string | FormData;
}

async function listBodies(document: Described, { operation }: OperationAt): Promise<Body[]> {
  const bodies: Body[] = [];
  for (const [type, media] of Object.entries(operation.requestBody?.content ?? {})) {
    if (type === 'multipart/form-data') bodies.push({ name: 'a form', body: await form(media) });
    for (const [index, example] of examplesOf(document, media).entries()) {
      bodies.push({
        name: `${type} ${Object.keys(media.examples ?? {})[index] ?? ''}`,
        type,
        body: JSON.stringify(example),
      });
    }
  }
  return bodies.length > 0 ? bodies : [{ name: '' }];
}

/** An example in JSON cannot contain an image, so it is made here. */
async function form({ schema }: Media): Promise<FormData> {
  const image = sharp({ create: { width: 8, height: 8, channels: 3, background: '#385a7c' } });
  const body = new FormData();
  const { purpose } = (schema?.properties ?? {}) as { purpose?: { const?: string } };
  if (purpose?.const) body.set('purpose', purpose.const);
  body.set('file', new Blob([await image.png().toBuffer()], { type: 'image/png' }), 'a.png');
  return body;
}

const exampleOf = (one: Parameter) => one.example ?? one.schema?.example;
const shown = (one: Parameter) => [exampleOf(one)].flat().join(',');

/** Sends a request and reads the whole response. */
export async function sendExample(
  base: string,
  { path, init }: Pick<Example, 'path' | 'init'>,
): Promise<Answered> {
  const response = await fetch(base + path, { ...init, signal: AbortSignal.timeout(30_000) });
  return {
    status: response.status,
    headers: Object.fromEntries(response.headers),
    body: Buffer.from(await response.arrayBuffer()),
  };
}
