import { DarkroomError } from '../errors.ts';
import type { Problem } from '../types.ts';
import { parseRetryAfter } from './retry-timing.ts';
import type { TimeLimit } from './time-limit.ts';

/** A 2xx response whose headers have arrived. The reader must read it to its end or close it. */
export interface ApiResponse {
  readonly headers: Headers;
  /** Reads the whole body as JSON, within the time limit of the request. */
  json<T>(): Promise<T>;
  /** Streams the body. @param idleMs the longest time without a chunk @throws DarkroomError */
  chunks(idleMs: number): AsyncGenerator<Uint8Array, void>;
  close(): void;
}

/** @param limit runs until the response is read or closed @param name names the request in error messages */
export function createApiResponse(response: Response, limit: TimeLimit, name: string): ApiResponse {
  const close = () => {
    limit.abort(new DarkroomError('network', `${name}: the response was closed.`));
    limit.release();
  };
  return {
    headers: response.headers,
    close,
    json: async <T>() => {
      try {
        const text = await response.text();
        return parseJson<T>(text, name, response.status);
      } catch (error) {
        throw toDarkroomError(error, limit, name);
      } finally {
        limit.release();
      }
    },
    chunks: async function* (idleMs) {
      const reader = response.body?.getReader();
      let complete = false;
      try {
        while (reader) {
          limit.restart(idleMs);
          const { done, value } = await reader.read().catch((error) => {
            throw toDarkroomError(error, limit, name);
          });
          // The limit is for the server. The caller may take longer to process a chunk.
          limit.restart();
          complete = done;
          if (done) return;
          yield value;
        }
      } finally {
        // Instrumentation reports an aborted request as failed, so a complete response is only released.
        if (complete) limit.release();
        else close();
      }
    },
  };
}

/** @throws DarkroomError `unexpected_response`. @param name names the source of the text in the message */
export function parseJson<T>(text: string, name: string, status?: number): T {
  try {
    return JSON.parse(text) as T;
  } catch {
    // The parser's error is not the cause, because it may quote the response.
    throw new DarkroomError('unexpected_response', `${name}: expected JSON, received something else.`, {
      status,
    });
  }
}

/** The error for a request that got no response, or an incomplete one. */
export function toDarkroomError(error: unknown, limit: TimeLimit, name: string): DarkroomError {
  if (limit.signal.aborted) return limit.signal.reason as DarkroomError;
  if (error instanceof DarkroomError) return error;
  return new DarkroomError('network', `${name}: no complete response (${networkErrorReason(error)}).`, {
    cause: error,
  });
}

/** The message of undici is only `fetch failed`. Its cause has the reason. */
function networkErrorReason(error: unknown): string {
  const inner = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  const code = (inner as { code?: unknown } | null)?.code;
  return typeof code === 'string' ? code : inner instanceof Error ? inner.name : 'unknown';
}

/**
 * Reads the body of a response that is not 2xx, and returns the error for it.
 *
 * @param name names the request in the message @param path the path of the request, with the path of the base URL
 */
export async function errorFromResponse(
  response: Response,
  { name, path, now }: { name: string; path: string; now: number },
): Promise<DarkroomError> {
  const retryAfterMs = parseRetryAfter(response.headers.get('retry-after'), now);
  const problem = parseProblem(await response.text());
  // The client only calls endpoints that exist, so the base URL must be wrong.
  if (problem?.code === 'not_found')
    problem.detail = `There is no endpoint ${path}. Check the client's url. It must not contain /v1.`;
  if (problem) return errorFromProblem(problem, retryAfterMs);
  const redirected = response.type === 'opaqueredirect' || (response.status >= 300 && response.status < 400);
  const message = redirected
    ? `${name}: the server sent a redirect. Set the client's url to the address that it leads to.`
    : `${name}: the HTTP ${response.status} response is not from Darkroom. Check the client's url and any proxy.`;
  return new DarkroomError('unexpected_response', message, {
    status: response.status,
    requestId: response.headers.get('x-request-id') ?? undefined,
    retryAfterMs,
  });
}

/** How many problems of a request the message contains. `error.problems` has all. */
const MAX_PROBLEMS_IN_MESSAGE = 3;

/** The error for a problem of the API. The problem is a whole response, or the result of one item of a bulk call. */
export function errorFromProblem(problem: Problem, retryAfterMs?: number): DarkroomError {
  const listed = problem.problems
    .slice(0, MAX_PROBLEMS_IN_MESSAGE)
    .map(({ field, expected, received }) => `; ${field}: expected ${expected}, received ${received}`)
    .join('');
  const unlisted = problem.problems.length - MAX_PROBLEMS_IN_MESSAGE;
  const more = unlisted > 0 ? `; and ${unlisted} more` : '';
  return new DarkroomError(problem.code, `${problem.title}: ${problem.detail}${listed}${more}`, {
    status: problem.status,
    problems: problem.problems,
    requestId: problem.request_id,
    renderId: problem.render_id,
    retryAfterMs,
  });
}

function parseProblem(text: string): Problem | undefined {
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
