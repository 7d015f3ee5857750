import type { Engine } from '@darkroom/shared/engine';
import type { Clock } from '@darkroom/shared/runtime';
import type { QueueEvents } from 'bullmq';
import { listenToRender, openRenderEvents, type WatchedEvents } from './render-events.ts';
import { createInterruptibleSleep, type InterruptibleSleep } from './rest.ts';

/** Milliseconds: events may be lost while the queue blinks, so every follower also looks by itself. */
const READ_EVERY_MS = 5_000;
/** Until the events are sure to flow, a follower looks more often. */
const NEW_CONNECTION = { ms: 3_000, readEveryMs: 150 };

export interface WatchOptions {
  /** Told of the end alone, or of every move. */
  events: WatchedEvents;
  /** Unix milliseconds: after it there is one more look, the last. */
  until: number;
  /** Ends it at once. */
  signal: AbortSignal;
}

/** Followers of renders. Only what somebody follows is kept in memory. */
export interface RenderWatch {
  /**
   * Says when a render is worth a look: at once, after each of its events, and every few seconds anyway. It is listened
   * to before the first look, so that nothing falls between; events during a look make for one more.
   */
  watch(renderId: string, follow: WatchOptions): AsyncGenerator<void, void, void>;
  /** Every follower gets one more look and ends, now and from now on. Idempotent. */
  close(): void;
}

/** Opens the queue's events with the first follower, and keeps them: a producer that nobody asks reads none. */
export function createRenderWatch({ engine, clock }: { engine: Engine; clock: Clock }): RenderWatch {
  const resting = new Set<InterruptibleSleep>();
  let events: QueueEvents | undefined;
  let openedAt = 0;
  let closed = false;

  const open = () => {
    if (events) return events;
    events = openRenderEvents(engine, clock);
    openedAt = clock.now();
    return events;
  };

  return {
    async *watch(renderId, { events, until, signal }) {
      const rest = createInterruptibleSleep(clock);
      const unlisten = closed ? undefined : listenToRender(open(), events, renderId, rest.wake);
      resting.add(rest);
      // Not only in the end: whoever went away in the middle of a look may never come back for the next.
      const leave = () => {
        resting.delete(rest);
        signal.removeEventListener('abort', leave);
        unlisten?.();
        rest.wake();
      };
      signal.addEventListener('abort', leave);
      try {
        while (!signal.aborted) {
          yield;
          const now = clock.now();
          if (closed || now >= until) return;
          const every = now - openedAt < NEW_CONNECTION.ms ? NEW_CONNECTION.readEveryMs : READ_EVERY_MS;
          await rest.sleep(Math.min(every, until - now));
        }
      } finally {
        leave();
      }
    },
    close() {
      closed = true;
      for (const rest of resting) rest.wake();
      // The engine closes it too; whether that works is not for those who wait for our answers.
      events?.close().catch(() => undefined);
    },
  };
}
