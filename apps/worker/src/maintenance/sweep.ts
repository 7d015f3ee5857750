import { type Ledger } from '@darkroom/shared/ledger';
import { StoreError } from '@darkroom/shared/object-store';
import { type Queues } from '@darkroom/shared/queues';
import {
  type Checkpoint,
  DATA_VERSION,
  type DeadLetter,
  type Failure,
  formatNote,
  parseNote,
  type Receipt,
  readCheckpoint,
  sumCost,
} from '@darkroom/shared/render';
import { type Logger } from '@darkroom/shared/runtime';
import type { Job } from 'bullmq';
import { describeFailure } from '../bullmq/index.ts';
import { type RenderDeps, receiptBase } from '../render/index.ts';
import { isEngineError } from '../stage/engine-errors.ts';

const SWEEP_EVERY_MS = 60_000;
/** The newest failed renders; older ones were seen by earlier sweeps. */
const LOOK_BACK = 500;

/** Has the sweep run once a minute, by whichever worker is there. */
export async function scheduleSweep(queues: Queues): Promise<void> {
  await queues.maintenance.upsertJobScheduler(
    'sweep',
    { every: SWEEP_EVERY_MS },
    { name: 'sweep', data: { version: DATA_VERSION, chore: 'sweep' } },
  );
}

export interface SweepDeps {
  queues: Queues;
  now(): number;
  log: Logger;
  ledger: Ledger;
  put(letter: DeadLetter): Promise<void>;
  announce: RenderDeps['enqueueWebhooks'];
  signal: AbortSignal;
}

/**
 * Ends the renders that failed without a burial, such as jobs that BullMQ failed for stalling, without ever asking us:
 * receipt, webhook and, last, the dead letter by which they are known to be ended. A letter that a person threw away
 * stays away.
 *
 * @returns how many there were.
 */
export async function sweep(deps: SweepDeps): Promise<number> {
  const { queues, log, signal } = deps;
  let written = 0;
  for (const job of await queues.render.getFailed(0, LOOK_BACK - 1)) {
    if (!job || (await isTold(job, queues))) continue;
    const { id: jobId, failedReason: reason } = job;
    try {
      await end(job, readCheckpoint(job.data), deps);
    } catch (error) {
      if (signal.aborted || isEngineError(error)) throw error;
      if (isStoreAway(error)) {
        log.warn({ err: error.message }, 'store away, the sweep goes on later');
        return written;
      }
      // Somebody wrote into the queue by hand, perhaps: the others are to be told all the same.
      log.error({ jobId, reason, err: error }, 'a failed job cannot be told of');
      continue;
    }
    log.warn({ renderId: jobId, reason }, 'a missing dead letter was written');
    written += 1;
  }
  return written;
}

/** Whether all was told of how a job failed. */
async function isTold(job: Job<Checkpoint>, queues: Queues): Promise<boolean> {
  const id = job.id as string;
  if (await queues.deadLetter.getJob(id)) return true;
  const at = job.data?.at;
  // Its burial ended it, and wrote the letter before.
  if (at?.step === 'bury' && job.failedReason === describeFailure(at.failure)) return true;
  const { logs } = await queues.render.getJobLogs(id);
  return logs.some((line) => parseNote(line)?.text === toldOf(job));
}

/** What the sweep notes when it is done with an end of a render: another one may come after a redrive. */
const toldOf = ({ attemptsMade }: Job) => `its dead letter was written (end ${attemptsMade})`;

const isStoreAway = (error: unknown): error is StoreError =>
  error instanceof StoreError && (error.code === 'unavailable' || error.code === 'denied');

async function end(job: Job<Checkpoint>, checkpoint: Checkpoint, deps: SweepDeps): Promise<void> {
  const { queues, ledger, signal } = deps;
  const { renderId, tenant, request, createdAt, purchases } = checkpoint;
  const failure = failureOf(checkpoint, job.failedReason, job.finishedOn ?? deps.now());
  const common = { attempts: purchases.length, costMicros: sumCost(purchases), failure };
  await job.log(formatNote({ at: deps.now(), text: `dead: ${failure.code}: ${failure.message}` }));
  const { logs } = await queues.render.getJobLogs(renderId);
  const receipt: Receipt = {
    ...receiptBase(checkpoint, failure.at),
    ...common,
    status: 'failed',
    notes: logs.flatMap((line) => parseNote(line) ?? []),
  };
  await ledger.writeDayIndex(receipt, signal);
  await ledger.writeReceipt(receipt, signal);
  // BullMQ counted this end already.
  await deps.announce(receipt, Math.max(0, job.attemptsMade - 1), signal);
  await queues.cancel.remove(renderId);
  await deps.put({ version: DATA_VERSION, renderId, tenant, purchases, request, createdAt, ...common });
  await job.log(formatNote({ at: deps.now(), text: toldOf(job) }));
}

function failureOf({ at }: Checkpoint, reason: string, now: number): Failure {
  if (at.step === 'bury') return at.failure;
  const step = at.step === 'cancel' ? at.from : at.step;
  const message = reason || 'the job failed without a word';
  return { code: 'worker_lost', message, step, at: now, chain: [] };
}
