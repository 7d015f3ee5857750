import { PAUSABLE_QUEUES, type PausableQueue } from '@darkroom/api';
import type { Job } from 'bullmq';
import { DATA_VERSION, upgradePersisted } from '../render/index.ts';
import type { Queues } from './queues.ts';
import type { AccountStop, PauseRecord, StopJob } from './stop-records.ts';

/** The pause of a queue. A pause without a record was made past Darkroom, with BullMQ itself. */
export interface Pause {
  queue: PausableQueue;
  record?: PauseRecord;
}

/** Why queues wait at this moment. */
export interface Stops {
  pauses: Pause[];
  /** Absent while submissions are allowed. */
  account?: AccountStop;
}

const ACCOUNT_STOP_ID = 'account';
const pauseRecordId = (queue: PausableQueue) => `pause-${queue}`;

/** Pauses a queue for an operator. A queue that is paused already gets the new record. */
export async function pauseQueue(
  queues: Queues,
  queue: PausableQueue,
  { actor, reason, now }: { actor: string; reason: string; now: number },
): Promise<PauseRecord> {
  const id = pauseRecordId(queue);
  const record: PauseRecord = { version: DATA_VERSION, kind: 'pause', queue, actor, reason, since: now };
  // The pause first: a record without a pause would say something untrue, a pause without a record is only unexplained.
  await queues[queue].pause();
  await queues.stop.remove(id);
  await queues.stop.add('pause', record, { jobId: id });
  return record;
}

/** Ends an operator's pause. */
export async function resumeQueue(queues: Queues, queue: PausableQueue): Promise<void> {
  await queues[queue].resume();
  await queues.stop.remove(pauseRecordId(queue));
}

/** @returns `undefined` while the queue is not paused. */
export async function readPause(queues: Queues, queue: PausableQueue): Promise<Pause | undefined> {
  if (!(await queues[queue].isPaused())) return undefined;
  const job = await queues.stop.getJob(pauseRecordId(queue));
  return job ? { queue, record: upgradePersisted('stop', job.data) as PauseRecord } : { queue };
}

export async function readStops(queues: Queues): Promise<Stops> {
  const [account, ...pauses] = await Promise.all([
    readAccountStop(queues),
    ...PAUSABLE_QUEUES.map((queue) => readPause(queues, queue)),
  ]);
  const isStopped = account !== undefined && account.liftedAt === undefined;
  return { pauses: pauses.flatMap((pause) => pause ?? []), ...(isStopped ? { account } : {}) };
}

/** The stop of the account, also one that is lifted. */
export async function readAccountStop(queues: Queues): Promise<AccountStop | undefined> {
  const job = await queues.stop.getJob(ACCOUNT_STOP_ID);
  return job && (upgradePersisted('stop', job.data) as AccountStop);
}

/** Adds the stop of the account, unless there is one. @returns the one that is there. */
export async function addAccountStop(queues: Queues, stop: AccountStop): Promise<AccountStop> {
  await queues.stop.add('account', stop, { jobId: ACCOUNT_STOP_ID });
  // It may have ended in the meantime.
  return (await readAccountStop(queues)) ?? stop;
}

/** @returns false if the stop has ended. */
export async function updateAccountStop(queues: Queues, stop: AccountStop): Promise<boolean> {
  const job: Job<StopJob> | undefined = await queues.stop.getJob(ACCOUNT_STOP_ID);
  await job?.updateData(stop);
  return job !== undefined;
}

export async function removeAccountStop(queues: Queues): Promise<void> {
  await queues.stop.remove(ACCOUNT_STOP_ID);
}
