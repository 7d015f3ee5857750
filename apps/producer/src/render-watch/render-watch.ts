import type { Engine } from '@darkroom/shared/engine';
import type { Clock } from '@darkroom/shared/runtime';
import type { QueueEvents } from 'bullmq';
import { listen, openRenderEvents, type WhatHappens } from './render-events.ts';
import { createRest, type Rest } from './rest.ts';

/** Milliseconds: events may be lost while the queue blinks, so every follower also looks by itself. */
const LOOK_EVERY_MS = 5_000;
/** Until the events are sure to flow, a follower looks more often. */
const YOUNG = { ms: 3_000, lookEveryMs: 150 };

export interface Follow {
  /** Told of the end alone, or of every move. */
  what: WhatHappens;
  /** Unix milliseconds: after it there is one more look, the last. */
  until: number;
  /** Ends it at once. */
  signal: AbortSignal;
}

/** Followers of renders. Only what somebody follows is kept in memory. */
export interface Following {
  /**
   * Says when a render is worth a look: at once, after each of its events, and every few seconds anyway. It is listened
   * to before the first look, so that nothing falls between; events during a look make for one more.
   */
  looks(renderId: string, follow: Follow): AsyncGenerator<void, void, void>;
  /** Every follower gets one more look and ends, now and from now on. Idempotent. */
  close(): void;
}

/** Opens the queue's events with the first follower, and keeps them: a producer that nobody asks reads none. */
export function createFollowing({ engine, clock }: { engine: Engine; clock: Clock }): Following {
  const resting = new Set<Rest>();
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
    async *looks(renderId, { what, until, signal }) {
      const rest = createRest(clock);
      const unlisten = closed ? undefined : listen(open(), what, renderId, rest.wake);
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
          const every = now - openedAt < YOUNG.ms ? YOUNG.lookEveryMs : LOOK_EVERY_MS;
          await rest.take(Math.min(every, until - now));
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
