import type { Engine } from '../engine/index.ts';
import { DATA_VERSION } from '../render/index.ts';
import type { Queues } from './queues.ts';

/** What a restore did, or would do. Counts of renders unless stated otherwise. */
export interface RestoreReport {
  /** Renders in the journal and in the list of dead letters. A render that is in both counts once for each. */
  read: number;
  /** The queue has their jobs. */
  present: number;
  /** Added again, by the step at which they go on. */
  added: { submit: number; hold: number; poll: number; bury: number };
  /** Of the added renders: those that a caller had asked to cancel. */
  cancels: number;
  /** Completed or canceled: the receipt is all that callers need. */
  ended: number;
  /** Webhooks that were enqueued again for ended renders. */
  webhooks: number;
  /** Objects that could not be read, and renders that could not be restored. The log names each. */
  unreadable: number;
}

/** A restore: it adds the renders that the queue has lost, from journal, ledger and receipts. */
export interface RestoreJob {
  version: typeof DATA_VERSION;
  /** The engine whose queue this restore completes; see {@link Engine.readIdentity}. */
  identity: string;
  /** Why it runs, for people. */
  reason: string;
  /** Unix milliseconds. */
  requestedAt: number;
  /** The journal was empty when this was requested: the queue lacks no render, so intake need not wait for the restore. */
  journalWasEmpty?: true;
  /** Continues after it. Absent: from the start. */
  position?: { phase: 'journal' | 'dead-letters'; after: string };
  report?: RestoreReport;
  /** How far it is, 0-100. */
  percent?: number;
}

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
  return await readStateFor(await engine.readIdentity(), queues);
}

async function readStateFor(identity: string, queues: Queues): Promise<QueueState> {
  const job = await queues.restore.getJob(restoreJobId(identity));
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
  const state = await readStateFor(identity, queues);
  const runsAgain = state === 'failed' || (state === 'complete' && repeat);
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
