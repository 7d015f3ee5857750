import type { Engine } from '@darkroom/shared/engine';
import type { Clock } from '@darkroom/shared/runtime';
import type { QueueEvents } from 'bullmq';
import { listenToRender, openRenderEvents, type WatchedEvents } from './render-events.ts';

/** Events can be lost while the queue is away, so a watch also continues without them. */
const READ_EVERY_MS = 5_000;
/** Until the events of a new connection arrive, a watch does not wait as long. */
const NEW_CONNECTION = { ms: 3_000, readEveryMs: 150 };

export interface WatchOptions {
  /** `end`: only the end of the render. `moves`: every change of its state. */
  events: WatchedEvents;
  /** Unix milliseconds. After this time the watch yields once more and ends. */
  until: number;
  /** Ends the watch at once. */
  signal: AbortSignal;
}

export interface RenderWatch {
  /**
   * Yields whenever the caller should read the render: at once, after each of its events, and every few seconds. It
   * listens before the first yield, so no event is missed. Events that arrive while the caller reads cause one more
   * yield.
   */
  watch(renderId: string, options: WatchOptions): AsyncGenerator<void, void, void>;
  /** Makes every watch yield once more and end, now and in the future. Idempotent. */
  close(): void;
}

/** Opens the queue's events for the first watch and keeps them open: a producer without watches reads no events. */
export function createRenderWatch({ engine, clock }: { engine: Engine; clock: Clock }): RenderWatch {
  const sleeping = new Set<InterruptibleSleep>();
  let queueEvents: QueueEvents | undefined;
  let openedAt = 0;
  let closed = false;

  const open = () => {
    if (queueEvents) return queueEvents;
    queueEvents = openRenderEvents(engine, clock);
    openedAt = clock.now();
    return queueEvents;
  };

  return {
    async *watch(renderId, { events, until, signal }) {
      const pause = createInterruptibleSleep(clock);
      const unlisten = closed ? undefined : listenToRender(open(), events, renderId, pause.wake);
      sleeping.add(pause);
      // Also on `abort`: a caller that disconnects while it reads may never ask for the next value.
      const leave = () => {
        sleeping.delete(pause);
        signal.removeEventListener('abort', leave);
        unlisten?.();
        pause.wake();
      };
      signal.addEventListener('abort', leave);
      try {
        while (!signal.aborted) {
          yield;
          const now = clock.now();
          if (closed || now >= until) return;
          const every = now - openedAt < NEW_CONNECTION.ms ? NEW_CONNECTION.readEveryMs : READ_EVERY_MS;
          await pause.sleep(Math.min(every, until - now));
        }
      } finally {
        leave();
      }
    },
    close() {
      closed = true;
      for (const pause of sleeping) pause.wake();
      // The engine closes the events, too. Callers that wait must not wait for that.
      queueEvents?.close().catch(() => undefined);
    },
  };
}

interface InterruptibleSleep {
  /** Ends the present sleep, or makes the next one end at once. */
  wake(): void;
  sleep(ms: number): Promise<void>;
}

function createInterruptibleSleep(clock: Clock): InterruptibleSleep {
  let woken = false;
  let current: AbortController | undefined;
  return {
    wake() {
      woken = true;
      current?.abort();
    },
    async sleep(ms) {
      if (!woken) {
        current = new AbortController();
        await clock.sleep(ms, current.signal).catch(() => undefined);
        current = undefined;
      }
      woken = false;
    },
  };
}
