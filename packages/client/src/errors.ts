import type { Problem, ProblemCode, Render, RenderStatus } from './types.ts';

/**
 * The error codes of the client itself. All other codes come from the API.
 *
 * - `network`: there was no response, or it was incomplete
 * - `timeout`: the response did not begin, or the render did not end, within the time limit
 * - `aborted`: the caller's signal aborted the call; `cause` is the reason of the signal
 * - `unexpected_response`: the response is not from Darkroom, for example the error page of a proxy
 * - `unserializable`: the request cannot be written as JSON
 * - `render_failed`, `render_canceled`: only with `throwOnFailure`; `render` is the render
 * - `webhook_…`: the webhook is not valid
 */
export type ClientCode =
  | 'network'
  | 'timeout'
  | 'aborted'
  | 'unexpected_response'
  | 'unserializable'
  | 'render_failed'
  | 'render_canceled'
  | 'webhook_headers'
  | 'webhook_timestamp'
  | 'webhook_signature'
  | 'webhook_body';

export type ErrorCode = ProblemCode | ClientCode;

export interface ErrorDetails {
  status?: number | undefined;
  problems?: Problem['problems'] | undefined;
  requestId?: string | undefined;
  renderId?: string | undefined;
  retryAfterMs?: number | undefined;
  lastStatus?: RenderStatus | undefined;
  render?: Render | undefined;
  cause?: unknown;
}

/** The error of this client. Check `code`, which is stable. `message` is for people and may change. */
export class DarkroomError extends Error {
  readonly code: ErrorCode;
  /** The HTTP status, if there was a response. */
  readonly status: number | undefined;
  /** All problems of the request, each with the field, the expected value and the received value. */
  readonly problems: Problem['problems'];
  /** The id of the request in the server's logs. */
  readonly requestId: string | undefined;
  /** The render that the error is about, if it is known. */
  readonly renderId: string | undefined;
  /** The `Retry-After` of the response, in milliseconds. */
  readonly retryAfterMs: number | undefined;
  /** With `timeout`: the last known status of the render. */
  readonly lastStatus: RenderStatus | undefined;
  /** With `render_failed` and `render_canceled`: the render. */
  readonly render: Render | undefined;

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? {} : { cause: details.cause });
    this.name = 'DarkroomError';
    this.code = code;
    this.status = details.status;
    this.problems = details.problems ?? [];
    this.requestId = details.requestId;
    this.renderId = details.renderId;
    this.retryAfterMs = details.retryAfterMs;
    this.lastStatus = details.lastStatus;
    this.render = details.render;
  }

  /** Whether the same request may succeed later. Where it was safe, the client has already retried. */
  get transient(): boolean {
    return this.status === undefined
      ? this.code === 'network' || this.code === 'timeout'
      : TRANSIENT.includes(this.status);
  }
}

const TRANSIENT: readonly number[] = [429, 502, 503, 504];

export function isTransient(error: unknown): boolean {
  return error instanceof DarkroomError && error.transient;
}

/** The error for an aborted signal. The client's own signals abort with a `DarkroomError`; all others become `aborted`. */
export function abortError(signal: AbortSignal): DarkroomError {
  if (signal.reason instanceof DarkroomError) return signal.reason;
  return new DarkroomError('aborted', 'The caller aborted the call.', { cause: signal.reason });
}
