import type { Engine } from '@darkroom/shared/engine';
import type { Queues, RedriveJob } from '@darkroom/shared/queues';
import { addRedriveJob, type RedriveRecord, redriveId, wakeRedrive } from '@darkroom/shared/redrives';
import { upgradePersisted } from '@darkroom/shared/render';
import { QUEUE_DEADLINE_MS, withQueueDeadline } from './render-queue.ts';

/** The queue of redrives as the producer uses it. Every method throws {@link EngineError} `unavailable` when it is away. */
export interface RedriveQueue {
  /** Adds the job of a redrive. A job that exists stays. */
  add(record: RedriveRecord): Promise<void>;
  read(key: string): Promise<RedriveJob | undefined>;
  /** Makes a redrive that waits read its control record now. */
  wake(key: string): Promise<void>;
}

export function createRedriveQueue(engine: Engine, queues: Queues): RedriveQueue {
  const one = <T>(work: Promise<T>) => withQueueDeadline(QUEUE_DEADLINE_MS[engine.kind].one, work);
  return {
    add: (record) => one(addRedriveJob(queues, record)),
    read: async (key) => {
      const job = await one(queues.redrive.getJob(redriveId(key)));
      return job && (upgradePersisted('redrive-job', job.data) as RedriveJob);
    },
    wake: (key) => one(wakeRedrive(queues, key)),
  };
}
