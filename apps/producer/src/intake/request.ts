import { idempotencyKey, type RenderRequest, renderRequestSchema } from '@darkroom/api';
import { z } from 'zod';
import { invalidRequest, listFieldProblems, ProblemError } from '../problems/index.ts';

/** A request that matches the schema. Its images have not been read yet. */
export interface CheckedRequest {
  request: Omit<RenderRequest, 'idempotency_key'>;
  idempotencyKey?: string;
}

/**
 * Checks one request against the schema and reports all problems at once.
 *
 * @param fromHeader the key of the `Idempotency-Key` header.
 * @throws {ProblemError} `invalid_request` or `idempotency_key_mismatch`.
 */
export function checkRequest(value: unknown, fromHeader?: string): CheckedRequest {
  const parsed = renderRequestSchema.safeParse(value);
  if (!parsed.success) throw invalidRequest(listFieldProblems(parsed.error, value, renderRequestSchema));
  const { idempotency_key: fromBody, ...request } = parsed.data;
  if (fromHeader !== undefined && fromBody !== undefined && fromHeader !== fromBody) {
    throw new ProblemError(
      'idempotency_key_mismatch',
      'The header and the body contain different idempotency keys.',
      {
        problems: [
          {
            field: 'idempotency_key',
            expected: 'the key of the Idempotency-Key header',
            received: 'another key',
          },
        ],
      },
    );
  }
  const key = fromBody ?? fromHeader;
  return key === undefined ? { request } : { request, idempotencyKey: key };
}

/** The `Idempotency-Key` header in the OpenAPI document. {@link readIdempotencyKey} reads it. */
export const idempotencyHeader = z.object({
  'Idempotency-Key': idempotencyKey.optional().meta({
    description:
      'Bare, or as a quoted string as in the IETF draft. The same key with another request is a conflict.',
  }),
});

/**
 * The key of an `Idempotency-Key` header, bare or as the quoted string of the IETF draft.
 *
 * @throws {ProblemError} `invalid_idempotency_key`.
 */
export function readIdempotencyKey(header: string | string[] | undefined): string | undefined {
  if (header === undefined) return undefined;
  const text = Array.isArray(header) ? header.join(', ') : header;
  const bare = /^"(.*)"$/.exec(text)?.[1] ?? text;
  const parsed = idempotencyKey.safeParse(bare);
  if (parsed.success) return parsed.data;
  throw new ProblemError('invalid_idempotency_key', 'The Idempotency-Key header is invalid.', {
    problems: listFieldProblems(parsed.error, bare, idempotencyKey).map((problem) => ({
      ...problem,
      field: 'Idempotency-Key',
    })),
  });
}
