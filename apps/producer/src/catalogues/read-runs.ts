import type {
  CatalogueRunStore,
  RunControl,
  RunId,
  RunPlan,
  RunRequest,
  RunSummary,
} from '@darkroom/catalogue';
import type { CatalogueJob } from '@darkroom/shared/queues';
import { type CatalogueQueue, STORE_DEADLINE_MS, withStoreDeadline } from '../backends/index.ts';
import { ProblemError } from '../problems/index.ts';

export interface ReadRunDeps {
  runs: CatalogueRunStore;
  queue: CatalogueQueue;
}

/** All that is known of a run. */
export interface RunFacts {
  request: RunRequest;
  plan: RunPlan | undefined;
  control: RunControl | undefined;
  /** Absent while the queue does not have its job. */
  job: CatalogueJob | undefined;
  /** Present after its end. */
  summary: RunSummary | undefined;
}

/** @throws {StoreError} and {EngineError} when the store or the queue is away. */
export async function readRun({ runs, queue }: ReadRunDeps, id: RunId): Promise<RunFacts | undefined> {
  return await withStoreDeadline(STORE_DEADLINE_MS.small, async (signal) => {
    const [request, plan, control, job] = await Promise.all([
      runs.readRequest(id, { signal }),
      runs.readPlan(id, { signal }),
      runs.readControl(id, { signal }),
      queue.read(id),
    ]);
    if (!request) return undefined;
    // After the job: a run that ends in between has its end.
    return { request, plan, control, job, summary: await runs.readSummary(id, { signal }) };
  });
}

/** @throws {ProblemError} `catalogue_run_not_found`, also for the run of another tenant. */
export async function findRun(deps: ReadRunDeps, id: RunId): Promise<RunFacts> {
  const facts = await readRun(deps, id);
  if (facts) return facts;
  throw new ProblemError(
    'catalogue_run_not_found',
    `The catalogue ${id.catalogue} of tenant ${id.tenant} has no run ${id.run}.`,
  );
}
