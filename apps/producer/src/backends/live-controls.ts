import type { OverridableName } from '@darkroom/api';
import {
  type ControlReader,
  type ControlState,
  ControlStore,
  type Drain,
  type LimitOverride,
} from '@darkroom/shared/control';
import type { Engine } from '@darkroom/shared/engine';
import type { ObjectStore } from '@darkroom/shared/object-store';
import { listWorkerRecords, type Queues, type WorkerRecord } from '@darkroom/shared/queues';
import type { Logger } from '@darkroom/shared/runtime';
import { createAnnouncer } from './announce.ts';
import { STORE_DEADLINE_MS, withStoreDeadline } from './deadlines.ts';
import { QUEUE_DEADLINE_MS, withQueueDeadline } from './render-queue.ts';

/** The workers that were seen. */
export interface SeenWorkers {
  /** Unix milliseconds, by the clock of the queue, as `seenAt` of the records. */
  now: number;
  records: WorkerRecord[];
}

/** Limits and drains in the store, and what the workers say about themselves in the queue. */
export interface LiveControls {
  /** Throws {@link StoreError}, and the errors of the engine. */
  readState(): Promise<ControlState>;
  /** What was read last, at once. */
  latest(): ControlState;
  readWorkers(): Promise<SeenWorkers>;
  setOverride(override: Omit<LimitOverride, 'version'>): Promise<void>;
  removeOverrides(name: OverridableName): Promise<void>;
  putDrain(drain: Omit<Drain, 'version'>): Promise<void>;
  removeDrain(worker: string): Promise<void>;
}

export function createLiveControls(deps: {
  store: ObjectStore;
  engine: Pick<Engine, 'readTime'>;
  queues: Queues;
  reader: ControlReader;
  logger: Logger;
}): LiveControls {
  const { engine, queues, reader } = deps;
  const control = new ControlStore(deps.store);
  const announce = createAnnouncer(deps);
  const inQueue = <T>(work: Promise<T>) => withQueueDeadline(QUEUE_DEADLINE_MS.redis.one, work);
  const change = async (work: (options: { signal: AbortSignal }) => Promise<unknown>) => {
    await withStoreDeadline(STORE_DEADLINE_MS.small, (signal) => work({ signal }));
    await announce();
  };

  return {
    readState: () => inQueue(reader.refresh()),
    latest: () => reader.latest(),
    readWorkers: async () => {
      const [now, records] = await inQueue(Promise.all([engine.readTime(), listWorkerRecords(queues)]));
      return { now, records };
    },
    setOverride: (override) => change((options) => control.setOverride(override, options)),
    removeOverrides: (name) => change((options) => control.removeOverrides(name, options)),
    putDrain: (drain) => change((options) => control.putDrain(drain, options)),
    removeDrain: (worker) => change((options) => control.removeDrain(worker, options)),
  };
}
