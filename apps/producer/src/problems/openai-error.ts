import type { ProblemResponse } from '@darkroom/api';
import { formatProblems, type ProblemError } from './problem.ts';

/** OpenAI's type of an error by its status. */
const TYPES: Record<number, string> = {
  401: 'authentication_error',
  403: 'permission_error',
  429: 'rate_limit_error',
};

/** The same error as OpenAI writes it. Its clients show only this. */
export function toOpenAIError(problem: ProblemError): NonNullable<ProblemResponse['error']> {
  const { status, code, problems } = problem;
  return {
    message: formatProblems(problem),
    type: TYPES[status] ?? (status >= 500 ? 'server_error' : 'invalid_request_error'),
    param: problems[0]?.field ?? null,
    code,
  };
}
