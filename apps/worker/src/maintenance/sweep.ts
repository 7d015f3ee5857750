import {
  type Checkpoint,
  costOf,
  type DeadLetter,
  type Failure,
  type Logger,
  type Queues,
} from '@darkroom/shared';

const SWEEP_EVERY_MS = 60_000;
/** The newest failed renders; older ones were seen by earlier sweeps. */
const LOOK_BACK = 500;

/** Has the sweep run once a minute, by whichever worker is there. */
export async function scheduleSweep(queues: Queues): Promise<void> {
  await queues.maintenance.upsertJobScheduler(
    'sweep',
    { every: SWEEP_EVERY_MS },
    { name: 'sweep', data: { chore: 'sweep' } },
  );
}

/**
 * Writes the dead letters that a crash left out: renders that failed without one, such as jobs that BullMQ failed
 * for stalling, without ever asking us.
 *
 * @returns how many letters were missing.
 */
export async function sweep(deps: {
  queues: Queues;
  now(): number;
  log: Logger;
  put(letter: DeadLetter): Promise<void>;
}): Promise<number> {
  let written = 0;
  for (const job of await deps.queues.render.getFailed(0, LOOK_BACK - 1)) {
    const checkpoint = job?.data as Checkpoint | undefined;
    if (!checkpoint || (await deps.queues.deadLetter.getJob(checkpoint.renderId))) continue;
    await deps.put(letterOf(checkpoint, job.failedReason, job.finishedOn ?? deps.now()));
    deps.log.warn(
      { renderId: checkpoint.renderId, reason: job.failedReason },
      'a missing dead letter was written',
    );
    written += 1;
  }
  return written;
}

function letterOf(checkpoint: Checkpoint, reason: string, at: number): DeadLetter {
  const step = checkpoint.at.step === 'bury' ? checkpoint.at.resume.step : checkpoint.at.step;
  const failure: Failure =
    checkpoint.at.step === 'bury'
      ? checkpoint.at.failure
      : { code: 'worker_lost', message: reason || 'the job failed without a word', step, at, chain: [] };
  return {
    renderId: checkpoint.renderId,
    tenant: checkpoint.tenant,
    failure,
    attempts: checkpoint.purchases.length,
    purchases: checkpoint.purchases,
    costMicros: costOf(checkpoint.purchases),
    request: checkpoint.request,
    createdAt: checkpoint.createdAt,
  };
}
