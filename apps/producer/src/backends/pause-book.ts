import type { PausableQueue } from '@darkroom/api';
import {
  type ControlReader,
  type ControlState,
  ControlStore,
  listOpenPauses,
  type Pass,
  queuePauseName,
  type SubmissionPause,
} from '@darkroom/shared/control';
import type { ObjectStore } from '@darkroom/shared/object-store';
import {
  type Pause,
  type PauseRecord,
  pauseQueue,
  type Queues,
  readStops,
  resumeQueue,
  wakeRender,
} from '@darkroom/shared/queues';
import { type Clock, errorMessage, type Logger } from '@darkroom/shared/runtime';
import { createAnnouncer } from './announce.ts';
import { STORE_DEADLINE_MS, withStoreDeadline } from './deadlines.ts';
import { QUEUE_DEADLINE_MS, withQueueDeadline } from './render-queue.ts';

/** The pauses of operators: of submission, and of whole queues. */
export interface PauseBook {
  /** All that stand. */
  list(): Promise<{ submission: SubmissionPause[]; queues: Pause[] }>;
  /** What was read last, at most a second old if the queue answers. */
  readState(): Promise<ControlState>;
  /** @returns false when a pause with this name exists */
  add(pause: SubmissionPause): Promise<boolean>;
  find(name: string): Promise<SubmissionPause | undefined>;
  remove(name: string): Promise<void>;
  /** Lets one render through all pauses of submission, and wakes it. */
  letThrough(pass: Omit<Pass, 'version'>): Promise<void>;
  pauseQueue(
    queue: PausableQueue,
    record: { actor: string; reason: string; now: number },
  ): Promise<PauseRecord>;
  resumeQueue(queue: PausableQueue): Promise<void>;
}

export function createPauseBook(deps: {
  store: ObjectStore;
  queues: Queues;
  reader: ControlReader;
  clock: Clock;
  logger: Logger;
}): PauseBook {
  const { queues, reader, clock, logger } = deps;
  const control = new ControlStore(deps.store);
  const inStore = <T>(work: (signal: AbortSignal) => Promise<T>) =>
    withStoreDeadline(STORE_DEADLINE_MS.small, work);
  const inQueue = <T>(work: Promise<T>) => withQueueDeadline(QUEUE_DEADLINE_MS.redis.one, work);

  const announce = createAnnouncer({ queues, logger });

  return {
    list: async () => {
      const [state, stops] = await Promise.all([inQueue(reader.refresh()), inQueue(readStops(queues))]);
      return { submission: listOpenPauses(state, clock.now()), queues: stops.pauses };
    },
    readState: () => reader.refresh(),
    add: async (pause) => {
      const added = await inStore((signal) => control.addPause(pause, { signal }));
      if (added) await announce();
      return added;
    },
    find: (name) => inStore((signal) => control.readPause(name, { signal })),
    remove: async (name) => {
      await inStore((signal) => control.removePause(name, { signal }));
      await announce();
    },
    letThrough: async (pass) => {
      await inStore((signal) => control.putPass(pass, { signal }));
      await announce();
      await inQueue(wakeRender(queues, pass.renderId));
    },
    pauseQueue: async (queue, { actor, reason, now }) => {
      const copy = { actor, owner: actor, reason, since: now };
      await inStore((signal) => control.putQueuePause(copy, queue, { signal })).catch((error: unknown) => {
        // An operator must be able to stop a queue while the store is away.
        const err = errorMessage(error);
        logger.warn({ queue, err }, 'pause of a queue not in the store: a loss of the queue would lift it');
      });
      return await inQueue(pauseQueue(queues, queue, { actor, reason, now }));
    },
    resumeQueue: async (queue) => {
      // First: a queue without its copy in the store stays resumed after a loss.
      await inStore((signal) => control.removePause(queuePauseName(queue), { signal }));
      await inQueue(resumeQueue(queues, queue));
    },
  };
}
