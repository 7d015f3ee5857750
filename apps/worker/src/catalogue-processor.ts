import { CatalogueRunStore } from '@darkroom/catalogue';
import type { Engine, Processor } from '@darkroom/shared/engine';
import { type CatalogueJob, isQueueIncomplete, type Queues } from '@darkroom/shared/queues';
import { createProcessor, openRunRenders } from './bullmq/index.ts';
import { catalogueStage, computeRunProgress } from './catalogue/index.ts';
import { openRenderIntake } from './intake/index.ts';
import { createBugFailure, type Infra } from './stage/index.ts';
import { enqueueCatalogueWebhook } from './webhooks/index.ts';

/** The processor of the queue `catalogue`. The bench runs it without the other queues. */
export function createCatalogueProcessor(
  infra: Infra,
  { engine, queues }: { engine: Engine; queues: Queues },
): Processor<CatalogueJob, void> {
  const renders = openRunRenders(queues);
  const own = {
    runs: new CatalogueRunStore(infra.store),
    renders,
    intake: openRenderIntake(infra, { engine, addToQueue: renders.add }),
    enqueueWebhook: (
      ended: Parameters<typeof enqueueCatalogueWebhook>[1],
      url: string,
      signal: AbortSignal,
    ) => enqueueCatalogueWebhook({ ...infra, queues }, ended, url, signal),
    isIncomplete: () => isQueueIncomplete(engine, queues),
  };
  return createProcessor({
    log: infra.log,
    now: () => infra.clock.now(),
    dataKind: 'catalogue-job',
    stage: (job) => catalogueStage(job, infra, own),
    computeProgress: computeRunProgress,
    createBugFailure: (error) => createBugFailure(infra, 'poll', error),
  });
}
