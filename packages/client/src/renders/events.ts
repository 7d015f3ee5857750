import { DarkroomError } from '../errors.ts';
import {
  parseJson,
  parseServerSentEvents,
  readLines,
  startTimeLimit,
  type Transport,
} from '../http/index.ts';
import type { Render, RenderImage, RenderProgress } from '../types.ts';
import { buildRenderPath, validateMilliseconds } from '../validate-options.ts';
import { DEFAULT_WAIT_MS, expectCompleted, renderTimeoutError, type WaitOptions } from './wait.ts';

/** An event of a running render. `end` is the last one. */
export type RenderEvent =
  | { type: 'status'; render: Render }
  | { type: 'progress'; progress: RenderProgress }
  | { type: 'image'; image: RenderImage }
  | { type: 'end'; render: Render };

export type EventsOptions = Omit<WaitOptions, 'throwOnFailure'>;

/** The server sends heartbeats. A connection that is silent for this long is broken. */
const IDLE_TIMEOUT_MS = 60_000;
/** A connection that lasted this long resets the count of failures, even if it brought no new event. */
const STABLE_CONNECTION_MS = 5000;

/**
 * Yields the events of a render until it ends. Reconnects when the connection breaks, and yields no event twice.
 *
 * @throws DarkroomError as `waitForEnd`, and `network` when no try is left.
 */
export async function* watchEvents(
  transport: Transport,
  id: string,
  options: EventsOptions = {},
): AsyncGenerator<RenderEvent, void> {
  const { clock } = transport;
  validateMilliseconds('timeoutMs', options.timeoutMs);
  const ms = options.timeoutMs ?? DEFAULT_WAIT_MS;
  const path = buildRenderPath(id, '/events');
  const known: KnownState = {};
  let lastError: unknown;
  const createError = () => renderTimeoutError(id, ms, known.render, lastError);
  const { signal, release } = startTimeLimit(clock, { signal: options.signal, ms, createError });
  const retryLoop = transport.createRetryLoop(signal);
  try {
    for (;;) {
      const connectedAt = clock.now();
      try {
        for await (const event of readEvents(transport, path, signal)) {
          if (!recordEvent(event, known)) continue;
          retryLoop.reset();
          yield event;
          if (event.type === 'end') return;
        }
        lastError = endedEarlyError(id);
      } catch (error) {
        if (signal.aborted) throw error;
        lastError = error;
      }
      if (clock.now() - connectedAt >= STABLE_CONNECTION_MS) retryLoop.reset();
      await retryLoop.waitAfter(lastError);
    }
  } finally {
    release();
  }
}

/** Resolves with the render when it has ended. Calls the listener on each change and waits for it. */
export async function onProgress(
  transport: Transport,
  id: string,
  listener: (progress: RenderProgress) => unknown,
  options: WaitOptions = {},
): Promise<Render> {
  let reported = '';
  const report = async ({ status, progress }: Pick<Render, 'status' | 'progress'>) => {
    // The event `end` repeats the last change.
    if (reported !== `${status} ${progress}`) await listener({ id, status, progress });
    reported = `${status} ${progress}`;
  };
  for await (const event of watchEvents(transport, id, options)) {
    if (event.type === 'progress') await report(event.progress);
    if (event.type !== 'status' && event.type !== 'end') continue;
    await report(event.render);
    if (event.type === 'end') return options.throwOnFailure ? expectCompleted(event.render) : event.render;
  }
  throw endedEarlyError(id);
}

const endedEarlyError = (id: string) =>
  new DarkroomError('network', `The event stream of ${id} stopped before the render ended.`, {
    renderId: id,
  });

/** Opens one connection and yields its events. Skips event types that a later version of the API may add. */
async function* readEvents(
  transport: Transport,
  path: string,
  signal: AbortSignal,
): AsyncGenerator<RenderEvent, void> {
  const headers = { accept: 'text/event-stream' };
  const response = await transport.sendOnce({ method: 'GET', path, headers, repeatable: true, signal });
  const messages = parseServerSentEvents(readLines(response.chunks(IDLE_TIMEOUT_MS)));
  for await (const { event, data } of messages) {
    const value = () => parseJson<never>(data, `GET /${path}`);
    if (event === 'status' || event === 'end') yield { type: event, render: value() };
    else if (event === 'progress') yield { type: event, progress: value() };
    else if (event === 'image') yield { type: event, image: value() };
  }
}

interface KnownState {
  render?: Render;
  statusAndProgress?: string;
  imageSha256?: string;
}

/** Updates the known state. Returns whether the event was new: each connection starts with the current state. */
function recordEvent(event: RenderEvent, known: KnownState): boolean {
  if (event.type === 'image') {
    const isNew = known.imageSha256 !== event.image.sha256;
    known.imageSha256 = event.image.sha256;
    return isNew;
  }
  if (event.type !== 'progress') known.render = event.render;
  if (event.type === 'end') return true;
  const { status, progress } = event.type === 'status' ? event.render : event.progress;
  const isNew = known.statusAndProgress !== `${status} ${progress}`;
  known.statusAndProgress = `${status} ${progress}`;
  return isNew;
}
