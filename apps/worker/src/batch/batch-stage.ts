import type { BatchCheck } from '@darkroom/shared/batches';
import { isStoreAway } from '@darkroom/shared/object-store';
import type { BatchJob } from '@darkroom/shared/queues';
import { errorMessage } from '@darkroom/shared/runtime';
import { type Infra, mustHandBack, type StageJob, type StageOutcome } from '../stage/index.ts';
import type { BatchContext, BatchDeps, BatchOutcome } from './batch-context.ts';
import { endBatch } from './end-batch.ts';
import { renderLines } from './render-lines.ts';
import { validateFile } from './validate-file.ts';

const AWAY_MS = 2_000;
/** How often a batch adds renders, and looks whether they have ended. */
const ROUND_MS = 1_000;
/** After an unexpected error. The batch holds paid images, so it never gives up. */
const ERROR_MS = 30_000;

type Outcome = StageOutcome<void, BatchJob>;

/**
 * One round of a batch: it checks the file, adds renders, or ends. Between two rounds it waits in the queue, so any worker
 * goes on with it. Everything that it needs is in the store: it survives the loss of its worker and of the queue.
 */
export async function batchStage(job: StageJob<BatchJob>, infra: Infra, own: BatchDeps): Promise<Outcome> {
  const { waits: _, ...shown } = job.data;
  let data: BatchJob = shown;
  const wait = (afterMs: number, waits?: string): Outcome => ({
    kind: 'wait',
    afterMs,
    data: waits === undefined ? data : { ...data, waits },
  });
  try {
    if (await own.isIncomplete()) return wait(AWAY_MS, 'the queue is being restored');
    const ref = { tenant: data.tenant, id: data.batch };
    const batch = await own.batches.read(ref, { signal: job.signal });
    if (!batch) throw new Error(`the record of the batch ${ref.id} is missing in the store`);
    const context: BatchContext = {
      batch,
      job,
      infra,
      own,
      save: async (change) => {
        data = { ...data, ...change };
        await job.save(data);
      },
      get data() {
        return data;
      },
    };
    const hasEnded = await runRound(context);
    return hasEnded ? { kind: 'done', value: undefined } : wait(ROUND_MS);
  } catch (error) {
    if (job.signal.aborted || mustHandBack(error)) throw error;
    if (isStoreAway(error)) {
      infra.log.warn({ batch: data.batch, err: error.message }, 'store away: the batch waits');
      return wait(AWAY_MS, 'the store is away');
    }
    infra.log.error({ batch: data.batch, err: error, alert: true }, 'batch waits: unexpected error');
    return wait(ERROR_MS, `unexpected error: ${infra.scrub(errorMessage(error))}`);
  }
}

/** @returns whether the batch has ended */
async function runRound(context: BatchContext): Promise<boolean> {
  const { batch, own, infra, job } = context;
  const options = { signal: job.signal };
  if (!(await own.batches.readEnd(batch, options))) {
    const end = await findEnd(context);
    if (!end) return false;
    await context.save({ phase: 'finish' });
    await endBatch(end, context);
  }
  await own.batches.removeOpen(batch, options);
  const ended = await own.batches.readEnd(batch, options);
  infra.log.info({ batch: batch.id, tenant: batch.tenant, ...ended }, 'batch ended');
  infra.metrics.batches.inc({ outcome: ended?.status ?? 'completed' });
  return true;
}

async function findEnd(context: BatchContext): Promise<BatchOutcome | undefined> {
  const { batch, own, infra, job } = context;
  const options = { signal: job.signal };
  let check: BatchCheck | undefined = await own.batches.readCheck(batch, options);
  if (!check) {
    const cancel = await own.batches.readCancel(batch, options);
    if (cancel) return { status: 'cancelled', finalizingAt: cancel.at };
    if (infra.clock.now() >= batch.deadlineAt) return { status: 'expired', finalizingAt: batch.deadlineAt };
    check = await validateFile(context);
  }
  if (check.problems.count > 0) return { status: 'failed', finalizingAt: check.at };
  await context.save({ phase: 'render', parts: check.parts });
  return await renderLines(check, context);
}

/** Parts that were added, in percent. */
export const computeBatchProgress = ({ added = 0, parts }: BatchJob): number =>
  parts ? Math.floor((100 * added) / parts) : 0;
