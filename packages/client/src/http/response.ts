import { DarkroomError } from '../errors.ts';
import type { Limit } from './time-limit.ts';

/** An answer whose headers have come. Whoever has one reads it to its end or closes it. */
export interface Answer {
  readonly response: Response;
  /** The whole body as JSON, within the time of the request. */
  json<T>(): Promise<T>;
  /** The body as it comes. @param idleMs the longest silence @throws DarkroomError */
  chunks(idleMs: number): AsyncGenerator<Uint8Array, void>;
  close(): void;
}

/** @param bound runs until the answer is closed @param what the request, for messages */
export function answerOf(response: Response, bound: Limit, what: string): Answer {
  const close = () => {
    bound.abort(new DarkroomError('network', `${what}: the answer was closed.`));
    bound.release();
  };
  return {
    response,
    close,
    json: async <T>() => {
      try {
        const text = await response.text();
        return parse<T>(text, what, response.status);
      } catch (error) {
        throw failureOf(error, bound, what);
      } finally {
        bound.release();
      }
    },
    chunks: async function* (idleMs) {
      const reader = response.body?.getReader();
      let whole = false;
      try {
        while (reader) {
          bound.restart(idleMs);
          const { done, value } = await reader.read().catch((error) => {
            throw failureOf(error, bound, what);
          });
          // Whoever reads may take its time.
          bound.restart();
          whole = done;
          if (done) return;
          yield value;
        }
      } finally {
        // Aborting what is over looks like a failure to whoever watches.
        if (whole) bound.release();
        else close();
      }
    },
  };
}

/** What a request died of, in our words. */
export function failureOf(error: unknown, bound: Limit, what: string): DarkroomError {
  if (bound.signal.aborted) return bound.signal.reason as DarkroomError;
  if (error instanceof DarkroomError) return error;
  return new DarkroomError('network', `${what} found no answer: ${reasonOf(error)}.`, { cause: error });
}

/** Undici says `fetch failed` and keeps the reason in the cause. */
function reasonOf(error: unknown): string {
  const inner = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  const code = (inner as { code?: unknown } | null)?.code;
  return typeof code === 'string' ? code : inner instanceof Error ? inner.name : 'unknown';
}

export function parse<T>(text: string, what: string, status?: number): T {
  try {
    return JSON.parse(text) as T;
  } catch {
    // Without the cause, which may quote what was answered.
    throw new DarkroomError('unexpected_answer', `${what} was answered with something that is not JSON.`, {
      status,
    });
  }
}
