import type { RenderResult } from '@darkroom/shared/queues';
import type { Checkpoint, CheckpointAt, Failure, LiveStep, Note } from '@darkroom/shared/render';
import type { Decision } from '../decide/index.ts';
import { createFailure, type StageJob, type StageOutcome } from '../stage/index.ts';
import type { StepContext } from './step-context.ts';

/** What a step returns: it ends the run, or the run goes on at once from another checkpoint. */
export type Transition = StageOutcome<RenderResult, Checkpoint> | { kind: 'go'; to: Checkpoint };

export const goTo = (checkpoint: Checkpoint, at: Checkpoint['at']): Transition => ({
  kind: 'go',
  to: { ...checkpoint, at },
});

export const waitAt = (checkpoint: Checkpoint, at: LiveStep, afterMs: number): Transition => ({
  kind: 'wait',
  afterMs,
  data: { ...checkpoint, at },
});

/** Goes on with the next purchase, at the submit step. */
export const buyAgain = (checkpoint: Checkpoint): Transition =>
  goTo({ ...checkpoint, attempt: checkpoint.attempt + 1 }, { step: 'submit' });

/**
 * The ledger says that the render was canceled before this purchase, and the queue has lost it: Redis came back as it was
 * a moment earlier. The render is canceled again.
 *
 * @param claimedAt when (Unix ms) the cancel claimed the purchase
 */
export const cancelAgain = (checkpoint: CheckpointAt<'submit' | 'hold'>, claimedAt: number): Transition =>
  goTo(checkpoint, { step: 'cancel', requestedAt: claimedAt, from: 'submit' });

/** The render is dead. A redrive goes on at `resume`. */
export function failRender(
  checkpoint: Checkpoint,
  { job }: StepContext,
  failure: Failure,
  resume: LiveStep,
): Transition {
  return goTo(checkpoint, { step: 'bury', failure, resume, attemptsMade: job.attemptsMade });
}

/** A decision about a render as the transition of its present step. `message` is the reason, for people. */
export function applyDecision(
  checkpoint: CheckpointAt<LiveStep['step']>,
  context: StepContext,
  decision: Decision,
  message: string,
): Transition {
  const { at } = checkpoint;
  switch (decision.kind) {
    case 'wait':
    case 'retry':
      return waitAt(checkpoint, at, decision.afterMs);
    case 'hold':
      return at.step === 'hold'
        ? waitAt(checkpoint, at, decision.afterMs)
        : // The hold step reads the ledger at once.
          goTo(checkpoint, { step: 'hold', reason: message, until: decision.until });
    case 'buy-again':
      return buyAgain(checkpoint);
    case 'dead': {
      const failure = createFailure(context.infra, at.step, decision.code, message);
      return decision.redrive === 'same-step'
        ? failRender(checkpoint, context, failure, at)
        : failRender({ ...checkpoint, attempt: checkpoint.attempt + 1 }, context, failure, {
            step: 'submit',
          });
    }
    case 'wait-all':
      throw new Error('the queue `render` has no rate limit');
  }
}

/**
 * Notes how a render ends, once: a run that repeats the end after a crash adds no second line.
 *
 * @returns all notes, for the receipt.
 */
export async function noteOnce(
  job: Pick<StageJob<unknown>, 'note' | 'notes'>,
  text: string,
): Promise<Note[]> {
  const notes = await job.notes();
  return notes.at(-1)?.text === text ? notes : [...notes, await job.note(text)];
}
