import { isStoreAway } from '@darkroom/shared/object-store';
import type { RenderResult } from '@darkroom/shared/queues';
import {
  type Checkpoint,
  type Cost,
  checkpointSchema,
  type Purchase,
  STEP_PROGRESS,
  sumCost,
} from '@darkroom/shared/render';
import { createSituation, decide } from '../decide/index.ts';
import {
  createBugFailure,
  type Infra,
  type Metrics,
  mustHandBack,
  type StageJob,
  type StageOutcome,
} from '../stage/index.ts';
import { buryStep } from './bury-step.ts';
import { cancelStep, startCancel } from './cancel-step.ts';
import { leaveTask } from './end-render.ts';
import { finishStep } from './finish-step.ts';
import { holdStep } from './hold-step.ts';
import { pollStep } from './poll-step.ts';
import type { RenderDeps, StepContext } from './step-context.ts';
import { stopPurchase } from './stop-purchase.ts';
import { storeStep } from './store-step.ts';
import { submitStep } from './submit-step.ts';
import { failRender, type Transition } from './transitions.ts';

/**
 * One run of a render: step after step from its checkpoint, until it must wait or has ended. Every step may run twice
 * (I6). The checkpoint is written before the next step begins.
 */
export async function renderStage(
  job: StageJob<Checkpoint>,
  infra: Infra,
  own: RenderDeps,
): Promise<StageOutcome<RenderResult, Checkpoint>> {
  const context: StepContext = { job, infra, own };
  let checkpoint = checkpointSchema.parse(job.data);
  for (;;) {
    const transition = await runStep(checkpoint, context);
    if (transition.kind === 'wait') {
      countSpend(checkpoint.purchases, transition.data.purchases, infra.metrics);
      return { ...transition, data: { ...transition.data, updatedAt: infra.clock.now() } };
    }
    if (transition.kind !== 'go') return transition;
    countSpend(checkpoint.purchases, transition.to.purchases, infra.metrics);
    checkpoint = { ...transition.to, updatedAt: infra.clock.now() };
    await job.save(checkpoint);
  }
}

const AMOUNT_LABELS = {
  spentMicros: 'spent',
  refundedMicros: 'refunded',
  possiblySpentMicros: 'possibly_spent',
} as const satisfies Record<keyof Cost, string>;

/** Counts what changed in the cost of a render. */
function countSpend(before: Purchase[], after: Purchase[], { spend, spendCorrections }: Metrics): void {
  if (before === after) return;
  const [earlier, present] = [sumCost(before), sumCost(after)];
  for (const name of Object.keys(AMOUNT_LABELS) as (keyof Cost)[]) {
    const change = (present[name] - earlier[name]) / 1e6;
    // A counter cannot fall: what leaves an amount has a counter of its own.
    const counter = change > 0 ? spend : spendCorrections;
    if (change !== 0) counter.inc({ amount: AMOUNT_LABELS[name] }, Math.abs(change));
  }
}

async function runStep(checkpoint: Checkpoint, context: StepContext): Promise<Transition> {
  const { job, infra } = context;
  const { renderId, at, attempt } = checkpoint;
  try {
    return await runUnlessCanceled(checkpoint, context);
  } catch (error) {
    if (job.signal.aborted) throw error;
    // Our own store is away: that is no fault of the render (I4).
    if (isStoreAway(error)) {
      infra.log.warn({ renderId, step: at.step, err: error.message }, 'store away: render waits');
      const decision = decide({ kind: 'store_away' }, createSituation(infra, { tries: 1, attempt }));
      if (decision.kind === 'wait') return { kind: 'wait', afterMs: decision.afterMs, data: checkpoint };
    }
    if (at.step === 'bury' || at.step === 'cancel' || mustHandBack(error)) throw error;
    infra.log.error({ renderId, err: error }, 'render failed: unexpected error');
    return failRender(leaveTask(checkpoint), context, createBugFailure(infra, at.step, error), at);
  }
}

/**
 * Runs a step. The cancel marker is read before the step, and again before the render would wait. The store step reads
 * it itself, because an image that its child has stored completes the render.
 */
async function runUnlessCanceled(checkpoint: Checkpoint, context: StepContext): Promise<Transition> {
  const canceled = await cancelIfRequested(checkpoint, context);
  if (canceled) return canceled;
  const transition = await dispatchStep(checkpoint, context);
  return transition.kind === 'wait'
    ? ((await cancelIfRequested(transition.data, context)) ?? transition)
    : transition;
}

async function cancelIfRequested(
  checkpoint: Checkpoint,
  context: StepContext,
): Promise<Transition | undefined> {
  const { at } = checkpoint;
  if (at.step !== 'submit' && at.step !== 'hold' && at.step !== 'poll') return undefined;
  const marker = await context.own.cancelMarkers.find(checkpoint.renderId);
  if (!marker) return undefined;
  if (!marker.onlyPurchases) return startCancel({ ...checkpoint, at }, context, marker);
  return at.step === 'submit' ? stopPurchase({ ...checkpoint, at }, context, marker) : undefined;
}

function dispatchStep(checkpoint: Checkpoint, context: StepContext): Promise<Transition> {
  const at = checkpoint.at;
  switch (at.step) {
    case 'submit':
      return submitStep({ ...checkpoint, at }, context);
    case 'hold':
      return holdStep({ ...checkpoint, at }, context);
    case 'poll':
      return pollStep({ ...checkpoint, at }, context);
    case 'store':
      return storeStep({ ...checkpoint, at }, context);
    case 'finish':
      return finishStep({ ...checkpoint, at }, context);
    case 'bury':
      return buryStep({ ...checkpoint, at }, context);
    case 'cancel':
      return cancelStep({ ...checkpoint, at }, context);
  }
}

/** A render's progress in percent. Polls move it in steps of five, so that a poll seldom costs a write. */
export function computeProgress({ at }: Checkpoint): number | undefined {
  // A canceled render keeps the progress that it had.
  if (at.step === 'cancel') return undefined;
  if (at.step !== 'poll') return STEP_PROGRESS[at.step];
  const share = (STEP_PROGRESS.store - STEP_PROGRESS.poll) * (at.progress / 100);
  return STEP_PROGRESS.poll + Math.floor(share / 5) * 5;
}
