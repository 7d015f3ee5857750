import { aborted, DarkroomError } from '../errors.ts';
import { expectMilliseconds } from '../validate-options.ts';
import { limit, pause, type Transport } from '../http/index.ts';
import { hasEnded, type Render } from '../types.ts';
import { addressOf } from './address.ts';

export interface WaitOptions {
  /** Milliseconds after which it rejects with `timeout`. The render goes on. @default 900_000 */
  timeoutMs?: number | undefined;
  /** Rejects with `render_failed` or `render_canceled` when it ends so. @default false */
  throwOnFailure?: boolean | undefined;
  signal?: AbortSignal | undefined;
}

export const DEFAULT_WAIT_MS = 15 * 60_000;
/** Seconds of one long poll: proxies close what is silent for a minute. */
const POLL_SECONDS = 30;
/** A server that is closing answers at once: it is not asked more often than this. */
const FLOOR_MS = 1000;
/** How often it is looked in the last second, which is too short for a long poll. */
const LOOK_MS = 250;

/**
 * Resolves with the render once it has ended, well or not. Outages in between are waited through.
 *
 * @throws DarkroomError `timeout` with `renderId` and `lastStatus`; whatever the API says no with.
 */
export async function wait(transport: Transport, id: string, options: WaitOptions = {}): Promise<Render> {
  const { clock } = transport;
  expectMilliseconds('timeoutMs', options.timeoutMs);
  const ms = options.timeoutMs ?? DEFAULT_WAIT_MS;
  const deadline = clock.now() + ms;
  const path = addressOf(id);
  let last: Render | undefined;
  let failure: unknown;
  const late = () => notInTime(id, ms, last, failure);
  const { signal, release } = limit(clock, { signal: options.signal, ms, late });
  const patient = transport.patience(signal, Infinity);
  try {
    for (;;) {
      const askedAt = clock.now();
      // Rounded down: the last answer comes before the time is over, and tells where the render stood.
      const seconds = Math.min(POLL_SECONDS, Math.floor((deadline - askedAt) / 1000));
      try {
        last = await look(transport, path, seconds, signal);
        failure = undefined;
        patient.reset();
      } catch (error) {
        // Nobody tries again: nobody is told so.
        if (signal.aborted) throw aborted(signal);
        failure = error;
        await patient.after(error);
        continue;
      }
      if (hasEnded(last)) return options.throwOnFailure ? insist(last) : last;
      const floor = seconds > 0 ? FLOOR_MS : LOOK_MS;
      await pause(clock, Math.max(0, askedAt + floor - clock.now()), signal);
    }
  } finally {
    release();
  }
}

async function look(
  transport: Transport,
  path: string,
  seconds: number,
  signal: AbortSignal,
): Promise<Render> {
  const answer = await transport.once({
    method: 'GET',
    path: seconds > 0 ? `${path}?wait=${seconds}` : path,
    timeoutMs: transport.timeoutMs + seconds * 1000,
    repeatable: true,
    signal,
  });
  return await answer.json<Render>();
}

/** The error for a render that has not ended in time, as far as is known. */
export function notInTime(id: string, ms: number, last: Render | undefined, cause: unknown): DarkroomError {
  const seen = last ? `it was last seen ${last.status}` : 'it was never seen';
  return new DarkroomError('timeout', `Render ${id} has not ended within ${ms} ms; ${seen}.`, {
    renderId: id,
    lastStatus: last?.status,
    cause,
  });
}

/** @throws DarkroomError unless the render is completed. */
export function insist(render: Render): Render {
  if (render.status === 'completed') return render;
  const code = render.status === 'canceled' ? 'render_canceled' : 'render_failed';
  const why = render.error ? `: ${render.error.code} at ${render.error.step}: ${render.error.message}` : '';
  throw new DarkroomError(code, `Render ${render.id} is ${render.status}${why}`, {
    renderId: render.id,
    lastStatus: render.status,
    render,
  });
}
