import { FINAL_STATUSES, RENDER_ID, type RenderStatus } from '@darkroom/api';
import { ALL_TENANTS } from '@darkroom/shared/keys';
import { type Ledger } from '@darkroom/shared/ledger';
import { type Checkpoint, NewerDataError, readCheckpoint } from '@darkroom/shared/render';
import { type RenderSnapshot, snapshotFromJob, snapshotFromReceipt } from '@darkroom/shared/snapshot';
import {
  type QueueStateReader,
  type RenderJob,
  type RenderQueue,
  STORE_DEADLINE_MS,
  withStoreDeadline,
} from '../backends/index.ts';
import { ProblemError, stillRestoring } from '../problems/index.ts';

/** Where renders are found. */
export interface LookupDeps {
  queue: RenderQueue;
  ledger: Ledger;
  queueState: QueueStateReader;
}

/**
 * A render of a tenant (`*`: of any tenant). The queue has the newest state. A render that has left the queue is read
 * from its receipt. The receipt is written before the job leaves, so this order misses no render.
 *
 * @throws {EngineError} and {StoreError} when the queue or the store is needed and away.
 */
export async function findRender(
  { queue, ledger }: Pick<LookupDeps, 'queue' | 'ledger'>,
  tenant: string,
  renderId: string,
): Promise<RenderSnapshot | undefined> {
  if (!RENDER_ID.test(renderId)) return undefined;
  const job = await queue.get(renderId);
  const snapshot = job && snapshotOfRenderJob(job);
  if (snapshot && belongsTo(snapshot, tenant)) return snapshot;
  // The receipt is also read for another tenant's render: a faster answer would reveal that the render exists.
  const receipt = await readFromReceipt(ledger, renderId);
  return belongsTo(receipt, tenant) ? receipt : undefined;
}

/** Like {@link findRender}. But while the queue is away, it accepts the receipt of a completed render. */
export async function findRenderOrImage(
  deps: Pick<LookupDeps, 'queue' | 'ledger'>,
  tenant: string,
  renderId: string,
): Promise<RenderSnapshot | undefined> {
  try {
    return await findRender(deps, tenant, renderId);
  } catch (error) {
    // Only `completed` is certain. A failed render may have been redriven since.
    const snapshot = await readFromReceipt(deps.ledger, renderId).catch(() => undefined);
    if (belongsTo(snapshot, tenant) && snapshot?.status === 'completed') return snapshot;
    throw error;
  }
}

/**
 * The problem of a render that was not found: `render_not_found`, or `restoring` while the queue may lack it.
 *
 * @throws {EngineError} and {StoreError} when the queue or the store is away.
 */
export async function notFoundProblem(
  { queueState }: Pick<LookupDeps, 'queueState'>,
  renderId: string,
  detail: string,
): Promise<ProblemError> {
  const mayBeLost = RENDER_ID.test(renderId) && (await queueState.isIncomplete());
  return mayBeLost ? stillRestoring() : new ProblemError('render_not_found', detail);
}

/** Whether a render has a final status. */
export const hasEnded = ({ status }: { status: RenderStatus }): boolean =>
  (FINAL_STATUSES as readonly RenderStatus[]).includes(status);

const belongsTo = (snapshot: RenderSnapshot | undefined, tenant: string) =>
  tenant === ALL_TENANTS || snapshot?.tenant === tenant;

/** @throws {NewerDataError} when a newer Darkroom wrote the job, {Error} when its data is no checkpoint. */
export function snapshotOfRenderJob(job: RenderJob): RenderSnapshot {
  return snapshotFromJob(job, readJobCheckpoint(job));
}

function readJobCheckpoint(job: RenderJob): Checkpoint {
  try {
    return readCheckpoint(job.data);
  } catch (cause) {
    if (cause instanceof NewerDataError) throw cause;
    // Another program wrote it.
    throw new Error(`The data of job ${job.id} is no checkpoint`, { cause });
  }
}

/** @throws {StoreError} */
export async function readFromReceipt(ledger: Ledger, renderId: string): Promise<RenderSnapshot | undefined> {
  const receipt = await withStoreDeadline(STORE_DEADLINE_MS.small, (signal) =>
    ledger.readReceipt(renderId, signal),
  );
  return receipt && snapshotFromReceipt(receipt);
}
