import { DarkroomError } from '../errors.ts';
import type { Problem } from '../types.ts';
import { retryAfterOf } from './retry-timing.ts';

/** How many of a request's problems a message tells; the error has all. */
const TOLD = 3;

/** The error for a problem of the API, of a whole answer or of one item in it. */
export function problemError(problem: Problem, retryAfterMs?: number): DarkroomError {
  const told = problem.problems
    .slice(0, TOLD)
    .map(({ field, expected, received }) => `; ${field}: expected ${expected}, received ${received}`)
    .join('');
  const more = problem.problems.length > TOLD ? `; and ${problem.problems.length - TOLD} more` : '';
  return new DarkroomError(problem.code, `${problem.title}: ${problem.detail}${told}${more}`, {
    status: problem.status,
    problems: problem.problems,
    requestId: problem.request_id,
    renderId: problem.render_id,
    retryAfterMs,
  });
}

/** The error for an answer that is no 2xx; reads its body. @param what the request @param path that it went to */
export async function refusalOf(
  response: Response,
  { what, path, now }: { what: string; path: string; now: number },
): Promise<DarkroomError> {
  const retryAfterMs = retryAfterOf(response.headers.get('retry-after'), now);
  const problem = readProblem(await response.text());
  // The client knows the API's addresses: where there is none, it was told another root.
  if (problem?.code === 'not_found')
    problem.detail = `There is nothing at ${path}. Is the client's url right? It goes without /v1.`;
  if (problem) return problemError(problem, retryAfterMs);
  const redirected = response.type === 'opaqueredirect' || (response.status >= 300 && response.status < 400);
  const message = redirected
    ? `${what} was answered with a redirect. Give the client the address that it leads to.`
    : `${what} was answered ${response.status}, and not by Darkroom: is something in between?`;
  return new DarkroomError('unexpected_answer', message, {
    status: response.status,
    requestId: response.headers.get('x-request-id') ?? undefined,
    retryAfterMs,
  });
}

function readProblem(text: string): Problem | undefined {
  try {
    const value = JSON.parse(text) as Partial<Problem> | null;
    return typeof value?.code === 'string' &&
      typeof value.status === 'number' &&
      Array.isArray(value.problems)
      ? (value as Problem)
      : undefined;
  } catch {
    return undefined;
  }
}
