import {
  type Checkpoint,
  costOf,
  type DeadLetter,
  type Failure,
  type Ledger,
  type Logger,
  lineOfNote,
  noteOfLine,
  type Queues,
  type Receipt,
  StoreError,
} from '@darkroom/shared';
import type { Job } from 'bullmq';
import { type RenderDeps, receiptBase } from '../render/index.ts';

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

export interface SweepDeps {
  queues: Queues;
  now(): number;
  log: Logger;
  ledger: Ledger;
  put(letter: DeadLetter): Promise<void>;
  announce: RenderDeps['announce'];
  signal: AbortSignal;
}

/**
 * Ends the renders that failed without a burial, such as jobs that BullMQ failed for stalling, without ever asking us:
 * receipt, webhook and, last, the dead letter by which they are known to be ended.
 *
 * @returns how many there were.
 */
export async function sweep(deps: SweepDeps): Promise<number> {
  let written = 0;
  for (const job of await deps.queues.render.getFailed(0, LOOK_BACK - 1)) {
    const checkpoint = job?.data;
    if (!checkpoint || (await deps.queues.deadLetter.getJob(checkpoint.renderId))) continue;
    try {
      await end(job, checkpoint, deps);
    } catch (error) {
      if (!(error instanceof StoreError)) throw error;
      deps.log.warn({ err: error.message }, 'store away, the sweep goes on later');
      return written;
    }
    deps.log.warn(
      { renderId: checkpoint.renderId, reason: job.failedReason },
      'a missing dead letter was written',
    );
    written += 1;
  }
  return written;
}

async function end(job: Job<Checkpoint>, checkpoint: Checkpoint, deps: SweepDeps): Promise<void> {
  const { queues, ledger, signal } = deps;
  const { renderId, tenant, request, createdAt, purchases } = checkpoint;
  const failure = failureOf(checkpoint, job.failedReason, job.finishedOn ?? deps.now());
  const common = { attempts: purchases.length, costMicros: costOf(purchases), failure };
  await job.log(lineOfNote({ at: deps.now(), text: `dead: ${failure.code}: ${failure.message}` }));
  const { logs } = await queues.render.getJobLogs(renderId);
  const receipt: Receipt = {
    ...receiptBase(checkpoint, failure.at),
    ...common,
    state: 'failed',
    notes: logs.flatMap((line) => noteOfLine(line) ?? []),
  };
  await ledger.enter(receipt, signal);
  await ledger.writeReceipt(receipt, signal);
  // BullMQ counted this end already.
  await deps.announce(receipt, Math.max(0, job.attemptsMade - 1), signal);
  await queues.cancel.remove(renderId);
  await deps.put({ renderId, tenant, purchases, request, createdAt, ...common });
}

function failureOf({ at }: Checkpoint, reason: string, now: number): Failure {
  if (at.step === 'bury') return at.failure;
  const step = at.step === 'cancel' ? at.from : at.step;
  const message = reason || 'the job failed without a word';
  return { code: 'worker_lost', message, step, at: now, chain: [] };
}
