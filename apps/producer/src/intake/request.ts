import { idempotencyKey, type RenderRequest, renderRequestSchema } from '@darkroom/api';
import { listFieldProblems } from '../problems/field-problems.ts';
import { invalidRequest, ProblemError } from '../problems/index.ts';

/** A request whose form is right; its images have not been looked into. */
export interface CheckedRequest {
  request: Omit<RenderRequest, 'idempotency_key'>;
  idempotencyKey?: string;
}

/**
 * Checks the form of one request, all of it at once.
 *
 * @param fromHeader the key of the `Idempotency-Key` header.
 * @throws {ProblemError} `invalid_request` or `idempotency_key_mismatch`.
 */
export function checkRequest(value: unknown, fromHeader?: string): CheckedRequest {
  const parsed = renderRequestSchema.safeParse(value);
  if (!parsed.success) throw invalidRequest(listFieldProblems(parsed.error, value));
  const { idempotency_key: fromBody, ...request } = parsed.data;
  if (fromHeader !== undefined && fromBody !== undefined && fromHeader !== fromBody) {
    throw new ProblemError(
      'idempotency_key_mismatch',
      'The header and the body name different idempotency keys.',
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

/**
 * The key of an `Idempotency-Key` header, bare or as the quoted string that the IETF draft asks for.
 *
 * @throws {ProblemError} `invalid_idempotency_key`.
 */
export function readIdempotencyKey(header: string | string[] | undefined): string | undefined {
  if (header === undefined) return undefined;
  const text = Array.isArray(header) ? header.join(', ') : header;
  const bare = /^"(.*)"$/.exec(text)?.[1] ?? text;
  const parsed = idempotencyKey.safeParse(bare);
  if (parsed.success) return parsed.data;
  throw new ProblemError('invalid_idempotency_key', 'The Idempotency-Key header cannot be used.', {
    problems: listFieldProblems(parsed.error, bare).map((problem) => ({
      ...problem,
      field: 'Idempotency-Key',
    })),
  });
}
