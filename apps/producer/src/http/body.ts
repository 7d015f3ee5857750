import type { FastifyInstance, FastifyRequest } from 'fastify';
import { ProblemError } from '../problems/index.ts';

export type BodyKind = 'json' | 'ndjson';

const KINDS: Record<string, BodyKind> = {
  'application/json': 'json',
  'application/x-ndjson': 'ndjson',
  'application/ndjson': 'ndjson',
  'application/jsonl': 'ndjson',
};

/** In this scope bodies come as bytes: whoever reads them tells what is wrong with them. */
export function readBytes(scope: FastifyInstance): void {
  scope.removeAllContentTypeParsers();
  scope.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
}

/**
 * What the headers say of the body, before it is read.
 *
 * @throws {ProblemError} `unsupported_media_type`.
 */
export function bodyKind(request: FastifyRequest, allowed: readonly BodyKind[]): BodyKind {
  const wanted = allowed.includes('ndjson') ? 'application/json or application/x-ndjson' : 'application/json';
  const [type = '', ...parameters] = (request.headers['content-type'] ?? '').toLowerCase().split(';');
  const kind = KINDS[type.trim()];
  const no = (expected: string, got: string) =>
    new ProblemError('unsupported_media_type', `Send ${expected}.`, {
      problems: [{ field: 'Content-Type', expected, got }],
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
export function bytesOf(request: FastifyRequest): Buffer {
  return Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
}
