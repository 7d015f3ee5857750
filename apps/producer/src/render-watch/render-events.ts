import { type Engine } from '@darkroom/shared/engine';
import { QUEUE } from '@darkroom/shared/queues';
import { type Clock } from '@darkroom/shared/runtime';
import type { QueueEvents } from 'bullmq';

/** After what a job's snapshot may be another one: its end, or every move that is worth telling. */
const EVENTS = {
  end: ['completed', 'failed'],
  moves: ['completed', 'failed', 'progress', 'delayed', 'waiting-children'],
} as const;

export type WatchedEvents = keyof typeof EVENTS;

/** Milliseconds before reading that broke is tried again. */
const RESTART_MS = 500;

/** The render queue's events, read until they are closed, whatever comes. The engine closes them, too. */
export function openRenderEvents(engine: Engine, clock: Clock): QueueEvents {
  const events = engine.events(QUEUE.render);
  // A render may have many followers.
  events.setMaxListeners(0);
  keepReading(events, clock);
  return events;
}

/** BullMQ tells what happens to one job under a name of its own; its types do not know it. */
export function listenToRender(
  events: QueueEvents,
  what: WatchedEvents,
  renderId: string,
  wake: () => void,
): () => void {
  const emitter = events as unknown as NodeJS.EventEmitter;
  const names = EVENTS[what].map((event) => `${event}:${renderId}`);
  for (const name of names) emitter.on(name, wake);
  return () => {
    for (const name of names) emitter.off(name, wake);
  };
}

/** One event that cannot be parsed ends BullMQ's reading for good: somebody wrote into the queue by hand, perhaps. */
function keepReading(events: QueueEvents, clock: Clock): void {
  const again = async (): Promise<void> => {
    while (!events.closing) {
      try {
        await events.run();
      } catch (error) {
        if (error instanceof Error && error.message.includes('already running')) return;
        await clock.sleep(RESTART_MS);
      }
    }
  };
  events.on('error', () => void again());
}
