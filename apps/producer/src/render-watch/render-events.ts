import { type Engine } from '@darkroom/shared/engine';
import { QUEUE } from '@darkroom/shared/queues';
import { type Clock } from '@darkroom/shared/runtime';
import type { QueueEvents } from 'bullmq';

/** The events after which a render's snapshot may differ. */
const EVENTS = {
  end: ['completed', 'failed'],
  moves: ['completed', 'failed', 'progress', 'delayed', 'waiting-children'],
} as const;

export type WatchedEvents = keyof typeof EVENTS;

/** Pause before reading starts again after an error. */
const RESTART_MS = 500;

/** The render queue's events, read until they are closed, through all errors. The engine closes them, too. */
export function openRenderEvents(engine: Engine, clock: Clock): QueueEvents {
  const events = engine.events(QUEUE.render);
  // Many callers may watch one render.
  events.setMaxListeners(0);
  keepReading(events, clock);
  return events;
}

/** BullMQ emits the events of one job as `<event>:<jobId>`, which its types do not declare. @returns stops listening. */
export function listenToRender(
  events: QueueEvents,
  watched: WatchedEvents,
  renderId: string,
  wake: () => void,
): () => void {
  const emitter = events as unknown as NodeJS.EventEmitter;
  const names = EVENTS[watched].map((event) => `${event}:${renderId}`);
  for (const name of names) emitter.on(name, wake);
  return () => {
    for (const name of names) emitter.off(name, wake);
  };
}

/** BullMQ stops reading at an event that it cannot parse, such as one that a person wrote into Redis by hand. */
function keepReading(events: QueueEvents, clock: Clock): void {
  const restart = async (): Promise<void> => {
    while (!events.closing) {
      try {
        await events.run();
      } catch (error) {
        if (error instanceof Error && error.message.includes('already running')) return;
        await clock.sleep(RESTART_MS);
      }
    }
  };
  events.on('error', () => void restart());
}
