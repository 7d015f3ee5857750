import { Readable } from 'node:stream';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { ProblemError } from '../problems/index.ts';

export type BodyKind = 'json' | 'ndjson';

const KINDS: Record<string, BodyKind> = {
  'application/json': 'json',
  'application/x-ndjson': 'ndjson',
  'application/ndjson': 'ndjson',
  'application/jsonl': 'ndjson',
};

/** In this scope bodies come as bytes: whoever reads them tells what is wrong with them. */
export function parseBodiesAsBytes(scope: FastifyInstance): void {
  scope.removeAllContentTypeParsers();
  scope.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
}

/** In this scope NDJSON is not read at all: whoever reads it does so bit by bit. After {@link parseBodiesAsBytes}. */
export function passNdjsonThrough(scope: FastifyInstance): void {
  const types = Object.keys(KINDS).filter((type) => KINDS[type] === 'ndjson');
  scope.addContentTypeParser(types, (_request, payload, done) => done(null, payload));
}

/**
 * What the headers say of the body, before it is read.
 *
 * @throws {ProblemError} `unsupported_media_type`.
 */
export function requireBodyKind(request: FastifyRequest, allowed: readonly BodyKind[]): BodyKind {
  const wanted = allowed.includes('ndjson') ? 'application/json or application/x-ndjson' : 'application/json';
  const [type = '', ...parameters] = (request.headers['content-type'] ?? '').toLowerCase().split(';');
  const kind = KINDS[type.trim()];
  const no = (expected: string, received: string) =>
    new ProblemError('unsupported_media_type', `Send ${expected}.`, {
      problems: [{ field: 'Content-Type', expected, received }],
    });
  if (!kind || !allowed.includes(kind)) throw no(wanted, type.trim().slice(0, 80) || 'nothing');
  const charset = parameters.map((parameter) => parameter.trim()).find((text) => text.startsWith('charset='));
  if (charset && !/^charset="?utf-?8"?$/.test(charset)) throw no(`${wanted} in UTF-8`, charset.slice(0, 80));
  const encoding = request.headers['content-encoding'];
  if (encoding && encoding !== 'identity')
    throw no(`${wanted} without Content-Encoding`, encoding.slice(0, 80));
  return kind;
}

/** The bytes of a body; none at all when nothing was sent. */
export function getBodyBytes(request: FastifyRequest): Buffer {
  return Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
}

/**
 * A body as it comes in; no more is read than is asked for. Leaving it early leaves the connection alone.
 *
 * Throws what ends it: a {@link ProblemError} when it is larger than its key allows, or the connection's own error.
 */
export async function* streamBody(request: FastifyRequest): AsyncGenerator<Buffer> {
  const { body, raw } = request;
  if (Buffer.isBuffer(body)) yield body;
  if (!(body instanceof Readable)) return;
  // What counts a body's bytes does not learn that its sender went away.
  const gone = () => {
    if (!raw.complete) body.destroy(new Error('The caller went away.'));
  };
  if (raw.destroyed) gone();
  raw.once('close', gone);
  try {
    yield* body.iterator({ destroyOnReturn: false });
  } finally {
    raw.off('close', gone);
  }
}

/** Whether the connection broke before the body was over: nobody is there to be told. */
export const clientAborted = ({ raw }: FastifyRequest) => raw.destroyed && !raw.complete;

/** How long a caller may take to see that the rest of its body is of no interest. */
const LINGER_MS = 2_000;

/**
 * For answers that may be over before their body is: the rest is thrown away for a while, so that the caller gets to
 * read the answer, and then the connection ends.
 */
export function drainUnreadBody({ raw }: FastifyRequest, reply: FastifyReply): void {
  reply.raw.once('finish', () => {
    if (raw.complete) return;
    raw.resume();
    const timer = setTimeout(() => raw.socket.destroy(), LINGER_MS);
    raw.once('end', () => clearTimeout(timer));
    raw.socket.once('close', () => clearTimeout(timer));
  });
}

/** Whether the caller names NDJSON as what it would have for an answer, no less than JSON. */
export function acceptsNdjson(request: FastifyRequest): boolean {
  const weights = { json: 0, ndjson: 0 };
  for (const range of (request.headers.accept ?? '').toLowerCase().split(',')) {
    const [type = '', ...parameters] = range.split(';').map((part) => part.trim());
    const kind = KINDS[type];
    const q = parameters.find((parameter) => parameter.startsWith('q='));
    if (kind) weights[kind] = Math.max(weights[kind], q ? Number(q.slice(2)) || 0 : 1);
  }
  return weights.ndjson > 0 && weights.ndjson >= weights.json;
}
