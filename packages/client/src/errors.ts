import type { Problem, ProblemCode, Render, RenderStatus } from './types.ts';

/**
 * What the client itself has to say; everything else is a code of the API.
 *
 * - `network`: no answer came, or it broke off
 * - `timeout`: the answer, or the end of a render, did not come in time
 * - `aborted`: the caller's signal; its reason is the `cause`
 * - `unexpected_answer`: not Darkroom's, such as a proxy's error page
 * - `unserializable`: the request is nothing that JSON can hold
 * - `render_failed`, `render_canceled`: with `throwOnFailure`; `render` tells more
 * - `webhook_…`: the webhook is not to be believed
 */
export type ClientCode =
  | 'network'
  | 'timeout'
  | 'aborted'
  | 'unexpected_answer'
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

/** Every failure of this client. Tell them apart by `code`, which is stable; `message` is for people. */
export class DarkroomError extends Error {
  readonly code: ErrorCode;
  /** HTTP status, when there was an answer. */
  readonly status: number | undefined;
  /** All that is wrong with the input: field, what was expected, what came. */
  readonly problems: Problem['problems'];
  /** Leads to the log line on the other side. */
  readonly requestId: string | undefined;
  /** The render that this is about, where it is known. */
  readonly renderId: string | undefined;
  /** How long the API asked to be left alone. */
  readonly retryAfterMs: number | undefined;
  /** With `timeout`: where the render stood when last seen. */
  readonly lastStatus: RenderStatus | undefined;
  /** With `render_failed` and `render_canceled`. */
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

  /** Whether the same request may go better later. The client has tried already where that was safe. */
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

/** What an aborted signal means: the caller's is `aborted`, one of our own says itself why. */
export function aborted(signal: AbortSignal): DarkroomError {
  if (signal.reason instanceof DarkroomError) return signal.reason;
  return new DarkroomError('aborted', 'The caller gave up.', { cause: signal.reason });
}
