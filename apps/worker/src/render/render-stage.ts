import { StoreError } from '@darkroom/shared/object-store';
import { type RenderResult } from '@darkroom/shared/queues';
import { type Checkpoint, type CheckpointAt, readCheckpoint } from '@darkroom/shared/render';
import { backoffMs } from '../decide/index.ts';
import { isEngineError } from '../stage/engine-errors.ts';
import type { StageJob, StageOutcome } from '../stage/stage.ts';
import { buryStep } from './bury-step.ts';
import { cancelStep, startCancel } from './cancel-step.ts';
import { finishStep } from './finish-step.ts';
import { holdStep } from './hold-step.ts';
import { pollStep } from './poll-step.ts';
import type { RenderDeps } from './render-deps.ts';
import { storeStep } from './store-step.ts';
import { submitStep } from './submit-step.ts';
import { createFailure, failRender, type StepContext, type Transition } from './transitions.ts';

const ARRIVED_AT = { submit: 0, hold: 5, poll: 10, store: 80, finish: 95, bury: 100 } as const;

/** How far a render has come, in percent; in steps of five, so that a look seldom costs a write. */
export function progressPercent({ at }: Checkpoint): number | undefined {
  // A canceled one stays where it was.
  if (at.step === 'cancel') return undefined;
  if (at.step !== 'poll') return ARRIVED_AT[at.step];
  const share = (ARRIVED_AT.store - ARRIVED_AT.poll) * (at.progress / 100);
  return ARRIVED_AT.poll + Math.floor(share / 5) * 5;
}

/**
 * One run of a render: from its checkpoint, step by step, until it must wait or is at its end. Every step may run
 * twice (I6); the checkpoint is written before anything is built on it.
 */
export async function renderStage(
  job: StageJob<Checkpoint>,
  deps: RenderDeps,
): Promise<StageOutcome<RenderResult, Checkpoint>> {
  const context: StepContext = { job, deps };
  let checkpoint = readCheckpoint(job.data);
  for (;;) {
    const move = await runStep(checkpoint, context);
    if (move.kind === 'wait') return { ...move, data: { ...move.data, updatedAt: deps.clock.now() } };
    if (move.kind !== 'go') return move;
    checkpoint = { ...move.to, updatedAt: deps.clock.now() };
    await job.save(checkpoint);
  }
}

async function runStep(checkpoint: Checkpoint, context: StepContext): Promise<Transition> {
  const { deps, job } = context;
  try {
    return await runUnlessCanceled(checkpoint, context);
  } catch (error) {
    if (job.signal.aborted) throw error;
    // Our own store is away: nothing is wrong with the render (I4).
    if (error instanceof StoreError && (error.code === 'unavailable' || error.code === 'denied')) {
      deps.log.warn(
        { renderId: checkpoint.renderId, step: checkpoint.at.step, err: error.message },
        'store away',
      );
      const afterMs = backoffMs({ tries: 4, baseMs: 500, capMs: 5000, random: deps.clock.random() });
      return { kind: 'wait', afterMs, data: checkpoint };
    }
    const { at } = checkpoint;
    if (at.step === 'bury' || at.step === 'cancel' || isEngineError(error)) throw error;
    const failure = createFailure(deps, at.step, 'internal_error', messageOf(error), error);
    deps.log.error({ renderId: checkpoint.renderId, err: error }, 'a bug killed a render');
    return failRender(checkpoint, context, failure, at);
  }
}

/**
 * A step, unless somebody wants the render to stop: looked for before it, and again before the render would wait. A
 * store step looks by itself: what its child has stored completes.
 */
async function runUnlessCanceled(checkpoint: Checkpoint, context: StepContext): Promise<Transition> {
  const stopped = await cancelIfRequested(checkpoint, context);
  if (stopped) return stopped;
  const move = await dispatch(checkpoint, context);
  return move.kind === 'wait' ? ((await cancelIfRequested(move.data, context)) ?? move) : move;
}

async function cancelIfRequested(
  checkpoint: Checkpoint,
  context: StepContext,
): Promise<Transition | undefined> {
  const { at } = checkpoint;
  if (at.step !== 'submit' && at.step !== 'hold' && at.step !== 'poll') return undefined;
  const asked = await context.deps.cancels.find(checkpoint.renderId);
  return asked && startCancel({ ...checkpoint, at }, context, asked);
}

function dispatch(checkpoint: Checkpoint, context: StepContext): Promise<Transition> {
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
      return buryStep({ ...checkpoint, at } satisfies CheckpointAt<'bury'>, context);
    case 'cancel':
      return cancelStep({ ...checkpoint, at }, context);
  }
}

const messageOf = (error: unknown) => (error instanceof Error ? error.message : String(error));
