import type { Job } from 'bullmq';
import type { Engine } from '../engine/index.ts';
import { DATA_VERSION } from '../render/index.ts';
import type { Queues } from './queues.ts';
import type { RestoreJob, RestoreReport } from './restore-records.ts';

const restoreJobId = (identity: string) => `restore-${identity}`;

export type QueueState =
  /** The queue has everything that was accepted. */
  | 'complete'
  /** A restore runs, or waits to run. */
  | 'restoring'
  /** A restore ended with an unexpected error. */
  | 'failed'
  /** The engine was started or emptied since the last restore, and nothing was restored yet. */
  | 'unknown';

/** Whether the queue has everything that was accepted. Throws the errors of the engine. */
export async function readQueueState(engine: Engine, queues: Queues): Promise<QueueState> {
  return readState(await queues.restore.getJob(restoreJobId(await engine.readIdentity())));
}

/** Whether the queue may lack renders that were accepted. Throws the errors of the engine. */
export const isQueueIncomplete = async (engine: Engine, queues: Queues): Promise<boolean> =>
  ['restoring', 'unknown'].includes(await readQueueState(engine, queues));

function readState(job: Job<RestoreJob> | undefined): QueueState {
  if (!job) return 'unknown';
  if (!job.finishedOn) return job.data.journalWasEmpty ? 'complete' : 'restoring';
  return job.failedReason ? 'failed' : 'complete';
}

/**
 * Requests the restore that completes the queue of the present engine, unless it has been requested or has run.
 *
 * @param request `repeat`: also if it has run
 *
 * @returns the state before the call.
 */
export async function requestRestore(
  engine: Engine,
  queues: Queues,
  { reason, now, repeat = false }: { reason: string; now: number; repeat?: boolean },
): Promise<QueueState> {
  const identity = await engine.readIdentity();
  const job = await queues.restore.getJob(restoreJobId(identity));
  const state = readState(job);
  const runsAgain = job?.finishedOn !== undefined && (state === 'failed' || repeat);
  if (runsAgain) await queues.restore.remove(restoreJobId(identity));
  if (runsAgain || state === 'unknown') {
    const data: RestoreJob = { version: DATA_VERSION, identity, reason, requestedAt: now };
    await queues.restore.add('restore', data, { jobId: restoreJobId(identity), attempts: 1 });
  }
  return state;
}

/** The restore that completes the queue of the present engine. @returns `undefined` before it was requested */
export async function readRestore(
  engine: Engine,
  queues: Queues,
): Promise<{ percent: number; report: RestoreReport | undefined } | undefined> {
  const job = await queues.restore.getJob(restoreJobId(await engine.readIdentity()));
  return job && { percent: job.data.percent ?? 0, report: job.returnvalue ?? undefined };
}

/**
 * Requests the restore of an engine for which the journal is empty. Its job is the proof that the queue is complete,
 * before a worker runs it: a new deployment needs no worker to accept renders. Changes nothing if it has been requested.
 *
 * @param identity of the engine, read before the journal was found empty
 */
export async function requestEmptyRestore(
  queues: Queues,
  { identity, now }: { identity: string; now: number },
): Promise<void> {
  const data: RestoreJob = {
    version: DATA_VERSION,
    identity,
    reason: 'the journal is empty',
    requestedAt: now,
    journalWasEmpty: true,
  };
  await queues.restore.add('restore', data, { jobId: restoreJobId(identity), attempts: 1 });
}

/**
 * Deletes the proofs of other engines. A server that was a master before may become one again, with older data: its old
 * proof must not count then.
 */
export async function deleteOtherProofs(queues: Queues, identity: string): Promise<void> {
  for (const job of await queues.restore.getJobs(['completed', 'failed'])) {
    if (job?.id && job.id !== restoreJobId(identity)) await job.remove();
  }
}
