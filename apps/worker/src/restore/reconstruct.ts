import type { AttemptHistory, RenderHistory } from '@darkroom/shared/ledger';
import type { Checkpoint, LiveStep, Purchase, Receipt, Step } from '@darkroom/shared/render';

/** What the store says about a render that the queue has lost. */
export interface LostRender {
  /** Its first checkpoint, from the journal or its receipt. */
  first: Checkpoint;
  receipt: Receipt | undefined;
  history: RenderHistory;
}

/** What the worker's settings say about a restored render. */
export interface ReconstructContext {
  /** Unix milliseconds. */
  now: number;
  taskDeadlineMs: number;
  unknownGraceMs: number;
  /** Micro-dollars. */
  priceMicros: number;
}

/**
 * What a restore does with a lost render. `ended`: its receipt says everything. `add`: its job is added with this
 * checkpoint, and with a cancel marker if a caller had asked to cancel it (at `cancelRequestedAt`, Unix ms).
 */
export type Reconstruction =
  | { kind: 'ended'; receipt: Receipt }
  | { kind: 'add'; checkpoint: Checkpoint; cancelRequestedAt?: number };

/**
 * Decides where a lost render goes on. Nothing that it returns buys twice: each purchase asks the ledger first (I2).
 *
 * - A completed or canceled render has ended.
 * - A failed render fails again without a second webhook, so that its dead letter is there and it can be redriven.
 * - A redriven render goes on where its redrive began.
 * - Otherwise the last claimed attempt decides: an accepted task is polled, a claim without an outcome is held.
 */
export function reconstruct(render: LostRender, context: ReconstructContext): Reconstruction {
  const { first, receipt, history } = render;
  if (receipt && receipt.status !== 'failed') return { kind: 'ended', receipt };
  const failed = receipt?.failure && receipt.redrivenAt === undefined && !hasNewPurchase(receipt, history);
  const checkpoint = failed
    ? rebury(first, receipt, receipt.failure as NonNullable<Receipt['failure']>)
    : resume(render, context);
  const { cancelRequest } = history;
  const isCancelDue = cancelRequest && cancelRequest.requestedAt > (receipt?.finishedAt ?? 0) && !failed;
  return isCancelDue
    ? { kind: 'add', checkpoint, cancelRequestedAt: cancelRequest.requestedAt }
    : { kind: 'add', checkpoint };
}

/** Whether the ledger has an accepted task that the receipt does not know: then the render went on after its end. */
function hasNewPurchase({ purchases }: Receipt, { attempts }: RenderHistory): boolean {
  const known = new Set(purchases.map(({ taskId }) => taskId));
  return attempts.some(({ state }) => state.kind === 'accepted' && !known.has(state.acceptance.taskId));
}

function rebury(first: Checkpoint, receipt: Receipt, failure: NonNullable<Receipt['failure']>): Checkpoint {
  const { purchases, priorEnds, resume: step, resumeAttempt } = receipt;
  return {
    ...first,
    ...(priorEnds ? { endsBefore: priorEnds } : {}),
    attempt: resumeAttempt ?? Math.max(1, ...purchases.map(({ attempt }) => attempt)),
    purchases,
    at: { step: 'bury', failure, resume: step ?? { step: 'submit' }, attemptsMade: 0, restored: true },
  };
}

function resume({ first, receipt, history }: LostRender, context: ReconstructContext): Checkpoint {
  const last = history.attempts.findLast(({ state }) => state.kind !== 'unclaimed');
  const endsBefore = receipt ? (receipt.priorEnds ?? 0) + 1 : 0;
  const redrivenAttempt = receipt?.resumeAttempt ?? 1;
  const purchases = listPurchases(history.attempts, receipt, context);
  const base = { ...first, ...(endsBefore > 0 ? { endsBefore } : {}), purchases };
  if (receipt?.resume && (last === undefined || last.attempt <= redrivenAttempt)) {
    return { ...base, attempt: redrivenAttempt, at: renewDeadline(receipt.resume, context) };
  }
  return { ...base, attempt: last?.attempt ?? redrivenAttempt, at: findStep(last, context) };
}

function findStep(last: AttemptHistory | undefined, context: ReconstructContext): Step {
  const state = last?.state;
  switch (state?.kind) {
    case 'accepted': {
      const { taskId, acceptedAt } = state.acceptance;
      const deadlineAt = context.now + context.taskDeadlineMs;
      return { step: 'poll', taskId, acceptedAt, deadlineAt, polls: 0, progress: 0 };
    }
    case 'claimed':
      return {
        step: 'hold',
        reason: 'the queue lost the render while it was submitted',
        until: context.now + context.unknownGraceMs,
      };
    case 'canceled':
      return { step: 'cancel', requestedAt: state.claimedAt, from: 'submit' };
    default:
      return { step: 'submit' };
  }
}

/** A task that counted as lost gets a new deadline, as after any redrive. */
function renewDeadline(step: LiveStep, { now, taskDeadlineMs }: ReconstructContext): LiveStep {
  if (step.step !== 'poll') return step;
  const { missingSince: _missing, doubtedSince: _doubted, ...rest } = step;
  return { ...rest, deadlineAt: now + taskDeadlineMs, polls: 0 };
}

/**
 * The purchases of a render, from the receipt of its last end, and from the ledger for all that came later. An earlier task
 * that neither completed nor was refunded counts as possibly spent.
 */
function listPurchases(
  attempts: AttemptHistory[],
  receipt: Receipt | undefined,
  { priceMicros }: ReconstructContext,
): Purchase[] {
  const known = receipt?.purchases ?? [];
  const last = attempts.findLast(({ state }) => state.kind === 'accepted')?.attempt;
  const later = attempts.flatMap((entry): Purchase[] => {
    const { attempt, state, statement } = entry;
    if (state.kind === 'accepted') {
      const { provider, taskId, acceptedAt, costMicros } = state.acceptance;
      const earlier = known.find((purchase) => purchase.taskId === taskId);
      const purchase = earlier ?? { provider, attempt, costMicros, taskId, acceptedAt, outcome: 'accepted' };
      return [{ ...purchase, outcome: findOutcome(entry, purchase.outcome, attempt === last) }];
    }
    if (state.kind !== 'claimed' || statement?.kind === 'not_bought') return [];
    const { provider, claimedAt } = state.intent;
    const purchase = { provider, attempt, costMicros: priceMicros };
    return statement?.isCharged
      ? [{ ...purchase, outcome: 'accepted', acceptedAt: claimedAt }]
      : [{ ...purchase, outcome: 'unknown' }];
  });
  const present = new Set(later.map(({ attempt }) => attempt));
  return [...known.filter(({ attempt }) => !present.has(attempt)), ...later];
}

function findOutcome(
  { hasResult, isRefunded }: AttemptHistory,
  known: Purchase['outcome'],
  isLast: boolean,
): Purchase['outcome'] {
  if (isRefunded) return 'refunded';
  return isLast || hasResult ? known : 'unknown';
}

/** The checkpoint of a render whose journal entry is gone. `creatorToken`: no request has it. */
export function checkpointFromReceipt(receipt: Receipt): Checkpoint {
  const { version, renderId, tenant, request, fingerprint, createdAt, purchases, inRun, copyOf } = receipt;
  return {
    version,
    renderId,
    tenant,
    provider: purchases[0]?.provider ?? 'toapis',
    request,
    fingerprint,
    creatorToken: 'restored',
    ...(inRun ? { inRun } : {}),
    ...(copyOf === undefined ? {} : { copyOf }),
    createdAt,
    updatedAt: createdAt,
    attempt: 1,
    purchases: [],
    at: { step: 'submit' },
  };
}
