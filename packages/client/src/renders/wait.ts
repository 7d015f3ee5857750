import { abortError, DarkroomError } from '../errors.ts';
import { sleepUnlessAborted, startTimeLimit, type Transport } from '../http/index.ts';
import { hasEnded, type Render, type RenderDetail } from '../types.ts';
import { buildRenderPath, validateMilliseconds } from '../validate-options.ts';

export interface WaitOptions {
  /** Milliseconds after which the call rejects with `timeout`. The render continues. @default 900_000 */
  timeoutMs?: number | undefined;
  /** Whether to reject with `render_failed` or `render_canceled` when the render ends so. @default false */
  throwOnFailure?: boolean | undefined;
  signal?: AbortSignal | undefined;
}

export const DEFAULT_WAIT_MS = 15 * 60_000;
/** Seconds. Many proxies close a connection that is silent for a minute. */
const MAX_LONG_POLL_S = 30;
/** A server that is shutting down answers long polls at once, so the client must not repeat them without a pause. */
const LONG_POLL_INTERVAL_MS = 1000;
/** The last second is too short for a long poll. The client then sends plain polls at this interval. */
const PLAIN_POLL_INTERVAL_MS = 250;

/**
 * Resolves with the render when it has ended. Retries through outages until the time is over.
 *
 * @throws DarkroomError `timeout` with `renderId` and `lastStatus`, or the first error that is not transient.
 */
export async function waitForEnd(
  transport: Transport,
  id: string,
  options: WaitOptions = {},
): Promise<RenderDetail> {
  const { clock } = transport;
  validateMilliseconds('timeoutMs', options.timeoutMs);
  const ms = options.timeoutMs ?? DEFAULT_WAIT_MS;
  const deadline = clock.now() + ms;
  const path = buildRenderPath(id);
  let lastRender: RenderDetail | undefined;
  let lastError: unknown;
  const createError = () => renderTimeoutError(id, ms, lastRender, lastError);
  const { signal, release } = startTimeLimit(clock, { signal: options.signal, ms, createError });
  const retryLoop = transport.createRetryLoop(signal, { tries: Infinity });
  try {
    for (;;) {
      const sentAt = clock.now();
      // Rounded down, so that the last response arrives before the time is over and updates `lastStatus`.
      const waitSeconds = Math.min(MAX_LONG_POLL_S, Math.floor((deadline - sentAt) / 1000));
      try {
        lastRender = await pollRender(transport, path, waitSeconds, signal);
        lastError = undefined;
        retryLoop.reset();
      } catch (error) {
        // Without this check, `onRetry` would announce a retry that never happens.
        if (signal.aborted) throw abortError(signal);
        lastError = error;
        await retryLoop.waitAfter(error);
        continue;
      }
      if (hasEnded(lastRender)) return options.throwOnFailure ? expectCompleted(lastRender) : lastRender;
      const intervalMs = waitSeconds > 0 ? LONG_POLL_INTERVAL_MS : PLAIN_POLL_INTERVAL_MS;
      await sleepUnlessAborted(clock, Math.max(0, sentAt + intervalMs - clock.now()), signal);
    }
  } finally {
    release();
  }
}

async function pollRender(
  transport: Transport,
  path: string,
  waitSeconds: number,
  signal: AbortSignal,
): Promise<RenderDetail> {
  const response = await transport.sendOnce({
    method: 'GET',
    path: waitSeconds > 0 ? `${path}?wait=${waitSeconds}` : path,
    timeoutMs: transport.timeoutMs + waitSeconds * 1000,
    repeatable: true,
    signal,
  });
  return await response.json<RenderDetail>();
}

export function renderTimeoutError(
  id: string,
  ms: number,
  lastRender: Render | undefined,
  cause: unknown,
): DarkroomError {
  const status = lastRender ? `its last known status is ${lastRender.status}` : 'its status is not known';
  return new DarkroomError('timeout', `Render ${id} has not ended within ${ms} ms; ${status}.`, {
    renderId: id,
    lastStatus: lastRender?.status,
    cause,
  });
}

/** @throws DarkroomError `render_failed` or `render_canceled`. */
export function expectCompleted<R extends Render>(render: R): R {
  if (render.status === 'completed') return render;
  const code = render.status === 'canceled' ? 'render_canceled' : 'render_failed';
  const reason = render.error
    ? `: ${render.error.code} in step ${render.error.step}: ${render.error.message}`
    : '';
  throw new DarkroomError(code, `Render ${render.id} is ${render.status}${reason}`, {
    renderId: render.id,
    lastStatus: render.status,
    render,
  });
}
