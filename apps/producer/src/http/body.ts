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

/** In this scope bodies arrive as bytes: the handlers parse them, because they report what is wrong. */
export function parseBodiesAsBytes(scope: FastifyInstance): void {
  scope.removeAllContentTypeParsers();
  scope.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
}

/** In this scope NDJSON is not buffered: the handler streams it. Call after {@link parseBodiesAsBytes}. */
export function passNdjsonThrough(scope: FastifyInstance): void {
  const types = Object.keys(KINDS).filter((type) => KINDS[type] === 'ndjson');
  scope.addContentTypeParser(types, (_request, payload, done) => done(null, payload));
}

/**
 * Checks the headers that describe the body, before the body is read.
 *
 * @throws {ProblemError} `unsupported_media_type`.
 */
export function requireBodyKind(request: FastifyRequest, allowed: readonly BodyKind[]): BodyKind {
  const wanted = allowed.includes('ndjson') ? 'application/json or application/x-ndjson' : 'application/json';
  const [type = '', ...parameters] = (request.headers['content-type'] ?? '').toLowerCase().split(';');
  const kind = KINDS[type.trim()];
  const unsupported = (expected: string, received: string) =>
    new ProblemError('unsupported_media_type', `Send ${expected}.`, {
      problems: [{ field: 'Content-Type', expected, received }],
    });
  if (!kind || !allowed.includes(kind)) throw unsupported(wanted, type.trim().slice(0, 80) || 'nothing');
  const charset = parameters.map((parameter) => parameter.trim()).find((text) => text.startsWith('charset='));
  if (charset && !/^charset="?utf-?8"?$/.test(charset))
    throw unsupported(`${wanted} in UTF-8`, charset.slice(0, 80));
  const encoding = request.headers['content-encoding'];
  if (encoding && encoding !== 'identity')
    throw unsupported(`${wanted} without Content-Encoding`, encoding.slice(0, 80));
  return kind;
}

/** The bytes of a body. Empty when the caller sent none. */
export function getBodyBytes(request: FastifyRequest): Buffer {
  return Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
}

/**
 * Streams a body. Reads no more than the consumer asks for. Returning early leaves the connection open.
 *
 * Throws {@link ProblemError} when the body is larger than its key allows, or the error of the connection.
 */
export async function* streamBody(request: FastifyRequest): AsyncGenerator<Buffer> {
  const { body, raw } = request;
  if (Buffer.isBuffer(body)) yield body;
  if (!(body instanceof Readable)) return;
  // The stream that counts a body's bytes does not notice that the caller disconnected.
  const onClose = () => {
    if (!raw.complete) body.destroy(new Error('The caller disconnected.'));
  };
  if (raw.destroyed) onClose();
  raw.once('close', onClose);
  try {
    yield* body.iterator({ destroyOnReturn: false });
  } finally {
    raw.off('close', onClose);
  }
}

/** Whether the connection broke before the whole body arrived. Then no response can be sent. */
export const clientAborted = ({ raw }: FastifyRequest) => raw.destroyed && !raw.complete;

/** How long the rest of an unread body is discarded before the connection ends. */
const DRAIN_MS = 2_000;

/**
 * For responses that may end before the request's body does. Discards the rest of the body for a while, so that the
 * caller can read the response, and then closes the connection.
 */
export function drainUnreadBody({ raw }: FastifyRequest, reply: FastifyReply): void {
  reply.raw.once('finish', () => {
    if (raw.complete) return;
    raw.resume();
    const timer = setTimeout(() => raw.socket.destroy(), DRAIN_MS);
    raw.once('end', () => clearTimeout(timer));
    raw.socket.once('close', () => clearTimeout(timer));
  });
}

/** Whether `Accept` names NDJSON, with at least the weight of JSON. */
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
