import { idempotencyKey, type RenderRequest, renderRequestSchema } from '@darkroom/api';
import { z } from 'zod';
import {
  describeCharacter,
  dropNulls,
  type FieldProblem,
  invalidRequest,
  listFieldProblems,
  ProblemError,
} from '../problems/index.ts';

/** A request that matches the schema. Its images have not been read yet. */
export interface CheckedRequest {
  request: Omit<RenderRequest, 'idempotency_key'>;
  idempotencyKey?: string;
  /** Whether the caller named a lane. Otherwise the run's lane counts. */
  hasPriority: boolean;
}

export interface RequestContext {
  /** The key of the `Idempotency-Key` header. */
  fromHeader?: string | undefined;
  /** Whether the tenant may use a valid webhook URL. */
  checkWebhook?(url: URL): FieldProblem | undefined;
}

/**
 * Checks one request against the schema and reports all problems at once.
 *
 * @throws {ProblemError} `invalid_request` or `idempotency_key_mismatch`.
 */
export function checkRequest(
  value: unknown,
  { fromHeader, checkWebhook }: RequestContext = {},
): CheckedRequest {
  const parsed = renderRequestSchema.safeParse(dropNulls(value, renderRequestSchema.shape));
  if (!parsed.success) {
    const problems = listFieldProblems(parsed.error, value, renderRequestSchema);
    const { success, data: url } = webhookUrl.safeParse(
      (value as { webhook_url?: unknown } | null)?.webhook_url,
    );
    const webhookProblem = success && url !== undefined ? checkWebhook?.(new URL(url)) : undefined;
    throw invalidRequest(webhookProblem ? [...problems, webhookProblem] : problems);
  }
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
  const hasPriority = ((value as { priority?: unknown }).priority ?? undefined) !== undefined;
  return { request, hasPriority, ...(key === undefined ? {} : { idempotencyKey: key }) };
}

const { webhook_url: webhookUrl } = renderRequestSchema.shape;

/** The `Idempotency-Key` header in the OpenAPI document. {@link readIdempotencyKey} reads it. */
export const idempotencyHeader = z.object({
  'Idempotency-Key': idempotencyKey.optional().meta({
    description:
      'Percent-encoded (`Gr%C3%B6%C3%9Fe-42`), or a quoted string of RFC 8941 (`"SKU 0017"`). The same key with another request is a conflict.',
  }),
});

/**
 * The key of an `Idempotency-Key` header: percent-encoded, or a quoted string of RFC 8941.
 *
 * @throws {ProblemError} `invalid_idempotency_key`.
 */
export function readIdempotencyKey(header: string | string[] | undefined): string | undefined {
  if (header === undefined) return undefined;
  const text = Array.isArray(header) ? header.join(', ') : header;
  const decoded = decodeHeader(text);
  const parsed = 'key' in decoded ? idempotencyKey.safeParse(decoded.key) : undefined;
  if (parsed?.success) return parsed.data;
  const problems =
    'key' in decoded
      ? listFieldProblems(parsed?.error as z.ZodError, decoded.key, idempotencyKey)
      : [{ expected: 'a percent-encoded key, or a key in double quotes', received: decoded.received }];
  throw new ProblemError('invalid_idempotency_key', 'The Idempotency-Key header is invalid.', {
    problems: problems.map((problem) => ({ ...problem, field: 'Idempotency-Key' })),
  });
}

function decodeHeader(text: string): { key: string } | { received: string } {
  const [, quoted] = /^"((?:[\x20-\x21\x23-\x5b\x5d-\x7e]|\\["\\])*)"$/.exec(text) ?? [];
  if (quoted !== undefined) return { key: quoted.replace(/\\(.)/g, '$1') };
  if (text.startsWith('"')) return { received: 'a double quote without a valid string; write %22' };
  const wrong = /[^\x21-\x7e]/.exec(text);
  if (wrong) {
    const write = wrong[0] === ' ' ? '%20' : 'it percent-encoded in UTF-8';
    return { received: `${describeCharacter(wrong[0])} at position ${wrong.index + 1}; write ${write}` };
  }
  try {
    return { key: decodeURIComponent(text) };
  } catch {
    return { received: 'a % that begins no encoded character; write %25' };
  }
}
