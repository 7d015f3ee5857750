import { addRunJob, type RunId, runJobId, wakeRun } from '@darkroom/catalogue';
import type { Engine } from '@darkroom/shared/engine';
import type { CatalogueJob, Queues } from '@darkroom/shared/queues';
import { upgradePersisted } from '@darkroom/shared/render';
import { QUEUE_DEADLINE_MS, withQueueDeadline } from './render-queue.ts';

/** The queue of catalogue runs as the producer uses it. Every method throws {@link EngineError} `unavailable` when it is away. */
export interface CatalogueQueue {
  /** Adds the job of a run. A job that exists stays. */
  add(id: RunId): Promise<void>;
  read(id: RunId): Promise<CatalogueJob | undefined>;
  /** Makes a run that waits read its control record now. */
  wake(id: RunId): Promise<void>;
}

export function createCatalogueQueue(engine: Engine, queues: Queues): CatalogueQueue {
  const one = <T>(work: Promise<T>) => withQueueDeadline(QUEUE_DEADLINE_MS[engine.kind].one, work);
  return {
    add: (id) => one(addRunJob(queues, id)),
    read: async (id) => {
      const job = await one(queues.catalogue.getJob(runJobId(id)));
      return job && (upgradePersisted('catalogue-job', job.data) as CatalogueJob);
    },
    wake: (id) => one(wakeRun(queues, id)),
  };
}
