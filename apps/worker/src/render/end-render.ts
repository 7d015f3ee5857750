import type { Ledger } from '@darkroom/shared/ledger';
import type { RenderResult } from '@darkroom/shared/queues';
import {
  type Checkpoint,
  changeOutcome,
  DATA_VERSION,
  type DeadLetter,
  type EarlierFailure,
  type Failure,
  type Note,
  type Receipt,
  sumCost,
} from '@darkroom/shared/render';
import type { Logger } from '@darkroom/shared/runtime';
import { describeFailure, type Metrics, type StageJob } from '../stage/index.ts';
import type { RenderDeps } from './step-context.ts';
import { noteOnce } from './transitions.ts';

/** What the end of a render is written with. */
export interface EndDeps
  extends Pick<RenderDeps, 'enqueueWebhooks' | 'deadLetters' | 'cancelMarkers' | 'runs'> {
  ledger: Ledger;
}

/** How the render ended, as its receipt says it. */
type End = { notes: Note[]; finishedAt: number } & (
  | Required<Pick<Receipt, 'image'>>
  | Required<Pick<Receipt, 'canceled'>>
  | Required<Pick<Receipt, 'failure'>>
);

/** @param priorEnds how often the render had ended before. */
export function createReceipt(checkpoint: Checkpoint, end: End, priorEnds: number): Receipt {
  const { renderId, tenant, request, fingerprint, createdAt, attempt, purchases } = checkpoint;
  const completed = 'image' in end;
  return {
    version: DATA_VERSION,
    renderId,
    tenant,
    request,
    fingerprint,
    createdAt,
    attempts: completed ? attempt : purchases.length,
    purchases,
    cost: sumCost(purchases),
    ...(checkpoint.inRun ? { inRun: true } : {}),
    ...(checkpoint.copyOf === undefined ? {} : { copyOf: checkpoint.copyOf }),
    status: completed ? 'completed' : 'canceled' in end ? 'canceled' : 'failed',
    ...end,
    ...('failure' in end ? readResume(checkpoint) : {}),
    ...(priorEnds > 0 ? { priorEnds } : {}),
  };
}

/** Where a redrive of a failed render continues. A restore needs it when the queue has lost the render's job. */
function readResume({ at, attempt }: Checkpoint): Pick<Receipt, 'resume' | 'resumeAttempt'> {
  const resume = at.step === 'bury' ? at.resume : at;
  return resume.step === 'cancel' ? {} : { resume, resumeAttempt: attempt };
}

/** How often a render had ended before the present run. A restored job counts its ends from 0 again. */
export const countPriorEnds = ({ endsBefore = 0 }: Checkpoint, attemptsMade: number): number =>
  endsBefore + attemptsMade;

/**
 * Writes the end of a render that completed or was canceled. Every write may be made twice (I6). The cancel marker goes
 * last: the checkpoint stands at the end by then.
 *
 * @returns the end that counts; see {@link findFinalReceipt}.
 */
export async function endRender(receipt: Receipt, signal: AbortSignal, deps: EndDeps): Promise<RenderResult> {
  const earlier = await deps.ledger.readReceipt(receipt.renderId, signal);
  const final = isFinal(earlier) ? earlier : undefined;
  if (!final) await deps.ledger.writeReceipt(receipt, signal, earlier);
  return await finishEnd(final ?? receipt, signal, deps);
}

const isFinal = (receipt: Receipt | undefined) => receipt !== undefined && receipt.status !== 'failed';

/**
 * The receipt of a render that completed or was canceled before. Such a render never runs again. So if one does, the queue
 * came back as it was a moment earlier, and the first end counts.
 */
export async function findFinalReceipt(
  renderId: string,
  { ledger }: Pick<EndDeps, 'ledger'>,
  signal: AbortSignal,
): Promise<Receipt | undefined> {
  const receipt = await ledger.readReceipt(renderId, signal);
  return isFinal(receipt) ? receipt : undefined;
}

/** All writes of an end that follow its receipt. @returns the return value of the job */
export async function finishEnd(receipt: Receipt, signal: AbortSignal, deps: EndDeps): Promise<RenderResult> {
  const { renderId, priorEnds = 0, status, image, cost } = receipt;
  await deps.enqueueWebhooks(receipt, signal);
  await deps.runs.recordEnd(receipt);
  // A render that failed before has a dead letter, which is no longer true.
  if (priorEnds > 0) {
    await deps.deadLetters.remove(renderId);
    await deps.ledger.deleteDeadLetterIndex(renderId, signal);
  }
  await deps.cancelMarkers.remove(renderId);
  return status === 'completed' && image ? { status, image, cost } : { status: 'canceled', cost };
}

/**
 * A render that ends between two polls leaves its task open: nothing polls it any more, so it may still fail and be
 * refunded. @returns the checkpoint itself if it has no open task.
 */
export function leaveTask<C extends Checkpoint>(checkpoint: C): C {
  const { at, attempt, purchases } = checkpoint;
  const present = purchases.find((purchase) => purchase.attempt === attempt);
  if (at.step !== 'poll' || present?.outcome !== 'accepted') return checkpoint;
  return { ...checkpoint, purchases: changeOutcome(purchases, attempt, 'unknown') };
}

/** A render that failed, and the run that writes its end. */
export interface DeadRender {
  checkpoint: Checkpoint;
  failure: Failure;
  finishedAt: number;
  /** How often the render had ended before. */
  priorEnds: number;
  job: Pick<StageJob<unknown>, 'note' | 'notes' | 'signal'>;
}

/**
 * Writes the end of a dead render: receipt, webhooks, dead letter. Every write may be made twice (I6). The dead letter
 * comes last: the sweep repeats all of this for a failed render without one.
 *
 * @returns the return value of the job if the render had ended otherwise before; see {@link findFinalReceipt}.
 */
export async function endDeadRender(
  { checkpoint, failure, finishedAt, priorEnds, job }: DeadRender,
  deps: EndDeps & { metrics: Metrics; log: Logger },
): Promise<RenderResult | undefined> {
  const { renderId } = checkpoint;
  const earlier = await deps.ledger.readReceipt(renderId, job.signal);
  // A render that has completed or was canceled does not fail; see findFinalReceipt.
  if (earlier && earlier.status !== 'failed') return await finishEnd(earlier, job.signal, deps);
  const notes = await noteOnce(job, `dead: ${describeFailure(failure)}`);
  const receipt = {
    ...createReceipt(checkpoint, { failure, notes, finishedAt }, priorEnds),
    ...listEarlierFailures(earlier, priorEnds),
  };
  await deps.ledger.writeDeadLetterIndex(renderId, job.signal);
  await deps.ledger.writeReceipt(receipt, job.signal, earlier);
  await deps.enqueueWebhooks(receipt, job.signal);
  await deps.runs.recordEnd(receipt);
  await deps.cancelMarkers.remove(renderId);
  await deps.deadLetters.put(createDeadLetter(checkpoint, failure, receipt));
  deps.metrics.renders.inc({ outcome: 'failed' });
  deps.metrics.deadLetters.inc({ code: failure.code });
  deps.log.warn({ renderId, code: failure.code, step: failure.step }, 'render failed: dead letter written');
  return undefined;
}

/** Failures before redrives that a receipt keeps. */
const MAX_EARLIER_FAILURES = 10;

/**
 * The history of a render that failed before: the failures that its last receipt knows, and that receipt's own one.
 *
 * @param priorEnds how often the render had ended before. The receipt of a run that a crash interrupted has the same number.
 */
function listEarlierFailures(
  earlier: Receipt | undefined,
  priorEnds: number,
): Pick<Receipt, 'earlierFailures'> {
  if (!earlier?.failure) return {};
  const known = earlier.earlierFailures ?? [];
  if ((earlier.priorEnds ?? 0) >= priorEnds) return known.length > 0 ? { earlierFailures: known } : {};
  const { code, message, step, at } = earlier.failure;
  const { redrivenAt } = earlier;
  const last: EarlierFailure = {
    code,
    message,
    step,
    at,
    ...(redrivenAt === undefined ? {} : { redrivenAt }),
  };
  return { earlierFailures: [...known, last].slice(-MAX_EARLIER_FAILURES) };
}

/** @param end of the render, as its receipt has it. */
export function createDeadLetter(
  checkpoint: Checkpoint,
  failure: Failure,
  { priorEnds, earlierFailures }: Pick<Receipt, 'priorEnds' | 'earlierFailures'>,
): DeadLetter {
  const { renderId, tenant, purchases, request, createdAt } = checkpoint;
  const { resume, resumeAttempt } = readResume(checkpoint);
  const resultExpiresAt = findResultExpiry(checkpoint);
  return {
    version: DATA_VERSION,
    renderId,
    tenant,
    failure,
    attempts: purchases.length,
    purchases,
    cost: sumCost(purchases),
    ...(resultExpiresAt === undefined ? {} : { resultExpiresAt }),
    request,
    createdAt,
    ...(resume && resumeAttempt ? { resume: { step: resume.step, attempt: resumeAttempt } } : {}),
    ...(priorEnds ? { priorEnds } : {}),
    ...(earlierFailures ? { earlierFailures } : {}),
  };
}

/** When the paid image of a dead render expires, if it waits at the provider to be stored. */
function findResultExpiry({ at }: Checkpoint): number | undefined {
  const step = at.step === 'bury' ? at.resume : at;
  return step.step === 'store' ? step.expiresAt : undefined;
}
