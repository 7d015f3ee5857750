import { FINAL_STATUSES, RENDER_ID, type RenderStatus } from '@darkroom/api';
import { ALL_TENANTS } from '@darkroom/shared/keys';
import { type Ledger } from '@darkroom/shared/ledger';
import { type Checkpoint, readCheckpoint } from '@darkroom/shared/render';
import { type RenderSnapshot, snapshotFromJob, snapshotFromReceipt } from '@darkroom/shared/snapshot';
import { type RenderJob, type RenderQueue, STORE_DEADLINE_MS, withStoreDeadline } from '../backends/index.ts';

/** Where renders are looked for. */
export interface LookupDeps {
  queue: RenderQueue;
  ledger: Ledger;
}

/**
 * A render of a tenant (`*`: of any): from the queue, whose word is the newest, else from its receipt. The receipt is written
 * before the queue lets go, so that looking in this order misses nothing.
 *
 * @throws {EngineError} and {StoreError} when either is away and needed.
 */
export async function findRender(
  archive: LookupDeps,
  tenant: string,
  renderId: string,
): Promise<RenderSnapshot | undefined> {
  if (!RENDER_ID.test(renderId)) return undefined;
  const snapshot = await readFromQueue(archive.queue, renderId);
  if (snapshot && belongsTo(snapshot, tenant)) return snapshot;
  // Also where it is another tenant's: a quicker answer would tell that there is one.
  const receipt = await readFromReceipt(archive.ledger, renderId);
  return belongsTo(receipt, tenant) ? receipt : undefined;
}

/** As `findRender`, but while the queue is away the receipt of a completed render is believed. */
export async function findRenderOrImage(
  archive: LookupDeps,
  tenant: string,
  renderId: string,
): Promise<RenderSnapshot | undefined> {
  try {
    return await findRender(archive, tenant, renderId);
  } catch (error) {
    // Completed is final; a failed one may have been redriven since.
    const snapshot = await readFromReceipt(archive.ledger, renderId).catch(() => undefined);
    if (belongsTo(snapshot, tenant) && snapshot?.status === 'completed') return snapshot;
    throw error;
  }
}

/** Whether a render does not go on by itself. */
export const hasEnded = ({ status }: { status: RenderStatus }): boolean =>
  (FINAL_STATUSES as readonly RenderStatus[]).includes(status);

const belongsTo = (snapshot: RenderSnapshot | undefined, tenant: string) =>
  tenant === ALL_TENANTS || snapshot?.tenant === tenant;

async function readFromQueue(queue: RenderQueue, renderId: string): Promise<RenderSnapshot | undefined> {
  const job = await queue.get(renderId);
  return job && snapshotOfRenderJob(job);
}

/** What a render's job says. @throws {Error} when its data is no checkpoint. */
export function snapshotOfRenderJob(job: RenderJob): RenderSnapshot {
  return snapshotFromJob(job, readJobCheckpoint(job));
}

function readJobCheckpoint(job: RenderJob): Checkpoint {
  try {
    return readCheckpoint(job.data);
  } catch (cause) {
    // A newer release wrote it, or another program did.
    throw new Error(`The data of job ${job.id} is no checkpoint`, { cause });
  }
}

/** What a render's receipt says. @throws {StoreError} */
export async function readFromReceipt(ledger: Ledger, renderId: string): Promise<RenderSnapshot | undefined> {
  const receipt = await withStoreDeadline(STORE_DEADLINE_MS.small, (signal) =>
    ledger.readReceipt(renderId, signal),
  );
  return receipt && snapshotFromReceipt(receipt);
}
