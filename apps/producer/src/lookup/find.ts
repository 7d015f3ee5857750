import { FINAL_STATUSES, RENDER_ID, type RenderStatus } from '@darkroom/api';
import { ALL_TENANTS } from '@darkroom/shared/keys';
import { type Ledger } from '@darkroom/shared/ledger';
import { type Checkpoint, readCheckpoint } from '@darkroom/shared/render';
import { type RenderSnapshot, snapshotFromJob, snapshotFromReceipt } from '@darkroom/shared/snapshot';
import { bounded, type RenderJob, type RenderQueue, STORE_LIMIT } from '../backends/index.ts';

/** Where renders are looked for. */
export interface Archive {
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
  archive: Archive,
  tenant: string,
  renderId: string,
): Promise<RenderSnapshot | undefined> {
  if (!RENDER_ID.test(renderId)) return undefined;
  const standing = await inQueue(archive.queue, renderId);
  if (standing && isOf(standing, tenant)) return standing;
  // Also where it is another tenant's: a quicker answer would tell that there is one.
  const receipt = await inLedger(archive.ledger, renderId);
  return isOf(receipt, tenant) ? receipt : undefined;
}

/** As `findRender`, but while the queue is away the receipt of a completed render is believed. */
export async function findRenderOrImage(
  archive: Archive,
  tenant: string,
  renderId: string,
): Promise<RenderSnapshot | undefined> {
  try {
    return await findRender(archive, tenant, renderId);
  } catch (error) {
    // Completed is final; a failed one may have been redriven since.
    const standing = await inLedger(archive.ledger, renderId).catch(() => undefined);
    if (isOf(standing, tenant) && standing?.status === 'completed') return standing;
    throw error;
  }
}

/** Whether a render does not go on by itself. */
export const hasEnded = ({ status }: { status: RenderStatus }): boolean =>
  (FINAL_STATUSES as readonly RenderStatus[]).includes(status);

const isOf = (standing: RenderSnapshot | undefined, tenant: string) =>
  tenant === ALL_TENANTS || standing?.tenant === tenant;

async function inQueue(queue: RenderQueue, renderId: string): Promise<RenderSnapshot | undefined> {
  const job = await queue.get(renderId);
  return job && standingIn(job);
}

/** What a render's job says. @throws {Error} when its data is no checkpoint. */
export function standingIn(job: RenderJob): RenderSnapshot {
  return snapshotFromJob(job, checkpointOf(job));
}

function checkpointOf(job: RenderJob): Checkpoint {
  try {
    return readCheckpoint(job.data);
  } catch (cause) {
    // A newer release wrote it, or another program did.
    throw new Error(`The data of job ${job.id} is no checkpoint`, { cause });
  }
}

/** What a render's receipt says. @throws {StoreError} */
export async function inLedger(ledger: Ledger, renderId: string): Promise<RenderSnapshot | undefined> {
  const receipt = await bounded(STORE_LIMIT.small, (signal) => ledger.readReceipt(renderId, signal));
  return receipt && snapshotFromReceipt(receipt);
}
