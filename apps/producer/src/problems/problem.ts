import type { Problem } from '@darkroom/shared';

/** Every way in which the API says no, with its HTTP status. Stable: callers and metrics use these words. */
export const PROBLEMS = {
  empty_body: [400, 'The body is empty'],
  invalid_utf8: [400, 'The body is not UTF-8'],
  invalid_json: [400, 'The body is not JSON'],
  too_deep: [400, 'The body is nested too deeply'],
  bad_request: [400, 'The request cannot be read'],
  idempotency_key_mismatch: [400, 'Two idempotency keys for one render'],
  invalid_idempotency_key: [400, 'The idempotency key cannot be used'],
  webhook_refused: [401, "The webhook is not the provider's"],
  render_not_found: [404, 'No such render'],
  image_not_found: [404, 'This render has no image yet'],
  not_found: [404, 'No such page'],
  method_not_allowed: [405, 'This method is not for this page'],
  idempotency_conflict: [409, 'This idempotency key belongs to another request'],
  body_too_large: [413, 'The body is too large'],
  unsupported_media_type: [415, 'This kind of body is not understood'],
  invalid_request: [422, 'The request has problems'],
  headers_too_large: [431, 'The headers are too large'],
  internal_error: [500, 'Something went wrong here'],
  queue_unavailable: [503, 'The queue is away'],
  store_unavailable: [503, 'The object store is away'],
} as const satisfies Record<string, readonly [number, string]>;

export type ProblemCode = keyof typeof PROBLEMS;

/** A caller reads at most this many problems of one request. */
const SHOWN = 100;

/** An answer of RFC 9457, before it has a request id. */
export class ProblemError extends Error {
  readonly code: ProblemCode;
  readonly problems: Problem[];
  /** Seconds after which it is worth trying again. */
  readonly retryAfter: number | undefined;
  /** The render that it is about, where there is one. */
  readonly renderId: string | undefined;

  constructor(
    code: ProblemCode,
    detail: string,
    more: { problems?: Problem[]; retryAfter?: number; renderId?: string; cause?: unknown } = {},
  ) {
    super(detail, { cause: more.cause });
    this.name = 'ProblemError';
    this.code = code;
    this.problems = more.problems ?? [];
    this.retryAfter = more.retryAfter;
    this.renderId = more.renderId;
  }

  get status(): number {
    return PROBLEMS[this.code][0];
  }
}

export interface ProblemBody {
  type: string;
  title: string;
  status: number;
  detail: string;
  code: ProblemCode;
  problems: Problem[];
  request_id: string;
  render_id?: string;
}

export function problemBody(error: ProblemError, requestId: string): ProblemBody {
  const { code, renderId } = error;
  const [status, title] = PROBLEMS[code];
  return {
    type: `urn:darkroom:problem:${code}`,
    title,
    status,
    detail: error.message,
    code,
    problems: error.problems.slice(0, SHOWN),
    request_id: requestId,
    ...(renderId ? { render_id: renderId } : {}),
  };
}

/** All that is wrong with a request, as one answer. */
export function invalidRequest(problems: Problem[]): ProblemError {
  const fields = [...new Set(problems.map((problem) => problem.field))];
  const named = fields.length <= 5 ? fields.join(', ') : `${fields.slice(0, 5).join(', ')} and more`;
  const count = problems.length === 1 ? 'One problem' : `${problems.length} problems`;
  return new ProblemError('invalid_request', `${count}: ${named}.`, { problems });
}
