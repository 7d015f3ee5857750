import { PROBLEMS, type ProblemCode, type ProblemResponse } from '@darkroom/api';
import type { FieldProblem } from '@darkroom/shared/field-problems';

/** A response lists at most this many problems of one request. */
const MAX_SHOWN = 100;

/** A problem of RFC 9457 that is thrown, before it has a request id. */
export class ProblemError extends Error {
  readonly code: ProblemCode;
  readonly problems: FieldProblem[];
  /** Seconds until the caller should try again. */
  readonly retryAfter: number | undefined;
  /** The render that the problem is about, if there is one. */
  readonly renderId: string | undefined;

  constructor(
    code: ProblemCode,
    detail: string,
    more: { problems?: FieldProblem[]; retryAfter?: number; renderId?: string; cause?: unknown } = {},
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

/**
 * @param request.base the URL by which the caller reached this API: `type` is a page below it.
 * @param maxProblems how many of the problems to list.
 */
export function toProblemResponse(
  error: ProblemError,
  request: { base: string; id: string },
  maxProblems = MAX_SHOWN,
): ProblemResponse {
  const { code, renderId } = error;
  const [status, title] = PROBLEMS[code];
  const problems = error.problems.slice(0, maxProblems);
  const more = error.problems.length - problems.length;
  return {
    type: `${request.base}/problems/${code}`,
    title,
    status,
    detail: error.message,
    code,
    problems,
    ...(more > 0 ? { more_problems: more } : {}),
    request_id: request.id,
    ...(renderId ? { render_id: renderId } : {}),
  };
}

/** All problems of one request as one `invalid_request`. */
export function invalidRequest(problems: FieldProblem[]): ProblemError {
  const fields = [...new Set(problems.map((problem) => problem.field))];
  const named = fields.length <= 5 ? fields.join(', ') : `${fields.slice(0, 5).join(', ')} and more`;
  const count = problems.length === 1 ? 'One problem' : `${problems.length} problems`;
  return new ProblemError('invalid_request', `${count}: ${named}.`, { problems });
}

/** How many problems one text contains. */
const MAX_LISTED = 20;

/** For formats with one text for everything: it contains all problems, each with its field. */
export function formatProblems(problem: ProblemError): string {
  const fields = problem.problems.map(
    ({ field, expected, received }) => `${field}: expected ${expected}, received ${received}`,
  );
  if (fields.length > MAX_LISTED) {
    return `${fields.slice(0, MAX_LISTED).join('; ')}; and ${fields.length - MAX_LISTED} more problems`;
  }
  if (fields.length > 0) return fields.join('; ');
  return problem.renderId ? `${problem.message} Its id is ${problem.renderId}.` : problem.message;
}
