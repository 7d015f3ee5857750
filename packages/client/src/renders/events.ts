import { DarkroomError } from '../errors.ts';
import { expectMilliseconds } from '../validate-options.ts';
import { limit, lines, parse, serverSentEvents, type Transport } from '../http/index.ts';
import type { Render, RenderImage, RenderProgress } from '../types.ts';
import { addressOf } from './address.ts';
import { DEFAULT_WAIT_MS, insist, notInTime, type WaitOptions } from './wait.ts';

/** What is told of a render while it goes on. `end` is the last. */
export type RenderEvent =
  | { type: 'status'; render: Render }
  | { type: 'progress'; progress: RenderProgress }
  | { type: 'image'; image: RenderImage }
  | { type: 'end'; render: Render };

export type EventsOptions = Omit<WaitOptions, 'throwOnFailure'>;

/** A stream that is silent for longer, without even a heartbeat, has lost its other end. */
const SILENCE_MS = 60_000;
/** A connection that held this long was a good one, though nothing new came of it. */
const STEADY_MS = 5000;

/**
 * The events of a render until its end, told once each, over as many connections as it takes.
 *
 * @throws DarkroomError as `wait` does; and `network` when one connection after the other breaks.
 */
export async function* events(
  transport: Transport,
  id: string,
  options: EventsOptions = {},
): AsyncGenerator<RenderEvent, void> {
  const { clock } = transport;
  expectMilliseconds('timeoutMs', options.timeoutMs);
  const ms = options.timeoutMs ?? DEFAULT_WAIT_MS;
  const path = addressOf(id, '/events');
  const seen: Seen = {};
  let failure: unknown;
  const late = () => notInTime(id, ms, seen.render, failure);
  const { signal, release } = limit(clock, { signal: options.signal, ms, late });
  const patient = transport.patience(signal);
  try {
    for (;;) {
      const openedAt = clock.now();
      try {
        for await (const event of connection(transport, path, signal)) {
          if (!isNews(event, seen)) continue;
          patient.reset();
          yield event;
          if (event.type === 'end') return;
        }
        failure = new DarkroomError('network', `The events of ${id} stopped before its end.`);
      } catch (error) {
        if (signal.aborted) throw error;
        failure = error;
      }
      if (clock.now() - openedAt >= STEADY_MS) patient.reset();
      await patient.after(failure);
    }
  } finally {
    release();
  }
}

/** Resolves with the ended render, as `wait`; tells of each change on the way, and waits until that was heard. */
export async function onProgress(
  transport: Transport,
  id: string,
  listener: (progress: RenderProgress) => unknown,
  options: WaitOptions = {},
): Promise<Render> {
  let told = '';
  const tell = async ({ status, progress }: Pick<Render, 'status' | 'progress'>) => {
    // The end repeats what the last change said.
    if (told !== `${status} ${progress}`) await listener({ id, status, progress });
    told = `${status} ${progress}`;
  };
  for await (const event of events(transport, id, options)) {
    if (event.type === 'progress') await tell(event.progress);
    if (event.type !== 'status' && event.type !== 'end') continue;
    await tell(event.render);
    if (event.type === 'end') return options.throwOnFailure ? insist(event.render) : event.render;
  }
  throw new DarkroomError('network', `The events of ${id} stopped before its end.`, { renderId: id });
}

async function* connection(
  transport: Transport,
  path: string,
  signal: AbortSignal,
): AsyncGenerator<RenderEvent, void> {
  const headers = { accept: 'text/event-stream' };
  const answer = await transport.once({ method: 'GET', path, headers, repeatable: true, signal });
  const messages = serverSentEvents(lines(answer.chunks(SILENCE_MS)));
  for await (const { event, data } of messages) {
    const value = () => parse<never>(data, 'An event');
    if (event === 'status' || event === 'end') yield { type: event, render: value() };
    else if (event === 'progress') yield { type: event, progress: value() };
    else if (event === 'image') yield { type: event, image: value() };
  }
}

interface Seen {
  render?: Render;
  standing?: string;
  image?: string;
}

/** A connection begins with where the render stands: after a break that may be known. */
function isNews(event: RenderEvent, seen: Seen): boolean {
  if (event.type === 'image') {
    const known = seen.image === event.image.sha256;
    seen.image = event.image.sha256;
    return !known;
  }
  if (event.type !== 'progress') seen.render = event.render;
  if (event.type === 'end') return true;
  const { status, progress } = event.type === 'status' ? event.render : event.progress;
  const known = seen.standing === `${status} ${progress}`;
  seen.standing = `${status} ${progress}`;
  return !known;
}
