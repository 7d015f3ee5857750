import {
  type BatchCancel,
  type BatchCheck,
  batchRenderId,
  batchRun,
  PART_LINES,
} from '@darkroom/shared/batches';
import {
  applyRunStop,
  cancelRun,
  createRun,
  listEnded,
  type RunRecord,
  RunStore,
  requestRunJob,
  sealRun,
} from '@darkroom/shared/runs';
import { addParts } from '../intake/index.ts';
import { addLines, addMissingLines } from './add-lines.ts';
import type { BatchContext, BatchOutcome } from './batch-context.ts';

const ACTOR = 'darkroom';

/**
 * One round of adding renders. After the deadline, or a cancel, nothing more is bought: what was bought is still stored.
 *
 * The run counts the renders. It is sealed only when each line has an end, so renders that a killed worker or a lost queue
 * left out are added again.
 *
 * @returns how the batch ended, or `undefined` while renders remain
 */
export async function renderLines(
  check: BatchCheck,
  context: BatchContext,
): Promise<BatchOutcome | undefined> {
  const { own, infra } = context;
  const cancel = await openRun(context);
  const run = await stopRun(cancel, context);
  if (!run.isOpen) return describeEnd(check, run, cancel, context);
  if (isStopped(cancel, context)) return undefined;
  const tally = await own.engine.runTallies.read(batchRun(context.batch));
  if (!tally?.isReady) {
    await requestRunJob(own.queues, { kind: 'fill' });
    return undefined;
  }
  if (!(await addRemaining(check, tally.remaining, context)) || tally.remaining > 0) return undefined;
  if (!(await hasAllEnds(check, context))) return undefined;
  const request = { actor: ACTOR, reason: 'all lines have ended', now: infra.clock.now() };
  await sealRun({ ...own, store: infra.store }, batchRun(context.batch), request, context.job.signal);
  return undefined;
}

/** Creates the run of the batch once. @returns the cancel, as it was read after that: a cancel that comes later finds the run */
async function openRun(context: BatchContext): Promise<BatchCancel | undefined> {
  const { batch, own, infra, job, data } = context;
  if (!data.hasRun) {
    const { deadlineAt, createdAt, actor, id } = batch;
    const definition = { ...batchRun(batch), name: `batch ${id}`, lane: 'batch' as const, deadlineAt };
    await createRun({ ...own, store: infra.store }, { ...definition, createdAt, actor }, job.signal);
    await context.save({ hasRun: true });
  }
  return await own.batches.readCancel(batch, { signal: job.signal });
}

/** Stops the purchases of the run if they must stop. The caller of a cancel may have died before it did. */
async function stopRun(cancel: BatchCancel | undefined, context: BatchContext): Promise<RunRecord> {
  const { batch, own, infra, job } = context;
  const deps = { ...own, store: infra.store };
  const ref = batchRun(batch);
  const run = await new RunStore(infra.store).readRun(ref, { signal: job.signal });
  if (!run) throw new Error(`the run of the batch ${batch.id} is missing in the store`);
  if (!run.isOpen) return run;
  if (cancel && !run.canceled) {
    const request = { actor: cancel.actor, reason: 'the batch was canceled', now: cancel.at };
    return (await cancelRun(deps, ref, request, job.signal)) ?? run;
  }
  if (infra.clock.now() >= batch.deadlineAt && !run.sealed) {
    const stop = { tenant: ref.tenant, run: ref.id, at: batch.deadlineAt, cause: 'deadline' as const };
    const request = { actor: ACTOR, reason: 'its deadline has passed', now: batch.deadlineAt };
    await applyRunStop(deps, stop, request, job.signal);
  }
  return run;
}

const isStopped = (cancel: BatchCancel | undefined, { batch, infra }: BatchContext) =>
  cancel !== undefined || infra.clock.now() >= batch.deadlineAt;

/** Adds parts while there is room. @returns whether all had been added before */
async function addRemaining(check: BatchCheck, remaining: number, context: BatchContext): Promise<boolean> {
  const { batch, own, job, data } = context;
  const options = { signal: job.signal };
  // The last part that was marked may not be complete.
  const next = data.added ?? Math.max(0, (await own.batches.countAdded(batch, options)) - 1);
  let pending = remaining;
  const source = {
    partSize: PART_LINES,
    countPending: () => pending,
    isStopped: async () => isStopped(await own.batches.readCancel(batch, options), context),
    add: async (part: number) => {
      const lines = await own.batches.readPart(batch, part, options);
      if (await own.batches.markAdded(batch, part, options)) await addLines(lines, context);
      else await addMissingLines(lines, context);
      pending += lines.length;
      await context.save({ added: part + 1 });
    },
  };
  const parts = Array.from({ length: Math.max(0, check.parts - next) }, (_, index) => next + index);
  await addParts(parts, source, job.signal);
  return parts.length === 0;
}

/** Whether each line has an end. Renders that no queue has, although the run counts none that remains, are added again. */
async function hasAllEnds(check: BatchCheck, context: BatchContext): Promise<boolean> {
  const { batch, own, infra, job } = context;
  const options = { signal: job.signal };
  const ended = new Set<string>();
  for await (const { renderId, isRedriven } of listEnded(infra.store, batchRun(batch), options))
    if (!isRedriven) ended.add(renderId);
  let [open, added] = [0, 0];
  for (let part = 0; part < check.parts; part += 1) {
    const lines = await own.batches.readPart(batch, part, options);
    const others = lines.filter(({ custom_id }) => !ended.has(batchRenderId(batch, custom_id)));
    if (others.length > 0) added += await addMissingLines(others, context);
    open += others.length;
  }
  if (added > 0) infra.log.warn({ batch: batch.id, added }, 'batch: lost lines were added again');
  return open === 0;
}

/** The renders that were bought have ended. */
function describeEnd(
  check: BatchCheck,
  { lastEnd, sealed }: RunRecord,
  cancel: BatchCancel | undefined,
  { batch, infra }: BatchContext,
): BatchOutcome {
  if (cancel) return { status: 'cancelled', finalizingAt: cancel.at };
  const decided = (lastEnd?.completed ?? 0) + (lastEnd?.failed ?? 0);
  if (infra.clock.now() >= batch.deadlineAt && decided < check.lines)
    return { status: 'expired', finalizingAt: batch.deadlineAt };
  return { status: 'completed', finalizingAt: sealed?.at ?? infra.clock.now() };
}
