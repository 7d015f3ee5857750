import { type FailureCode, type StepName } from '@darkroom/api';
import type { RenderResult } from '@darkroom/shared/queues';
import type { Checkpoint, Failure, LiveStep, Note } from '@darkroom/shared/render';
import type { StageJob, StageOutcome } from '../stage/stage.ts';
import type { RenderDeps } from './render-deps.ts';

/** A step either ends the run, or goes on at once with another checkpoint. */
export type Transition = StageOutcome<RenderResult, Checkpoint> | { kind: 'go'; to: Checkpoint };

export interface StepContext {
  job: StageJob<Checkpoint>;
  deps: RenderDeps;
}

export const goTo = (checkpoint: Checkpoint, at: Checkpoint['at']): Transition => ({
  kind: 'go',
  to: { ...checkpoint, at },
});

export const waitAt = (checkpoint: Checkpoint, at: LiveStep, afterMs: number): Transition => ({
  kind: 'wait',
  afterMs,
  data: { ...checkpoint, at },
});

/** Buys again: the next attempt begins where the first one did. */
export const buyAgain = (checkpoint: Checkpoint): Transition =>
  goTo({ ...checkpoint, attempt: checkpoint.attempt + 1 }, { step: 'submit' });

/**
 * Notes how a render ends, and answers all of its notes for the receipt. A run that ends it again after a crash does
 * not say it twice.
 */
export async function noteOnce(job: StageJob<Checkpoint>, text: string): Promise<Note[]> {
  const notes = await job.notes();
  return notes.at(-1)?.text === text ? notes : [...notes, await job.note(text)];
}

/** The render dies; `resume` is where a redrive goes on. */
export function failRender(
  checkpoint: Checkpoint,
  context: StepContext,
  failure: Failure,
  resume: LiveStep,
): Transition {
  return goTo(checkpoint, { step: 'bury', failure, resume, attemptsMade: context.job.attemptsMade });
}

export function createFailure(
  deps: Pick<RenderDeps, 'clock' | 'scrub'>,
  step: StepName,
  code: FailureCode,
  message: string,
  cause?: unknown,
): Failure {
  return {
    code,
    message: shorten(deps.scrub(message), LONGEST.message),
    step,
    at: deps.clock.now(),
    chain: chainOf(cause).map(deps.scrub),
  };
}

// A failure stays in the checkpoint, which must fit into a job with the largest request (I5).
const DEEPEST = 3;
const LONGEST = { message: 300, cause: 150, stack: 450 };

/** An error's causes, outermost first, the innermost stack last. */
function chainOf(cause: unknown): string[] {
  const chain: string[] = [];
  let stack: string | undefined;
  for (let error = cause; error instanceof Error && chain.length < DEEPEST; error = error.cause) {
    chain.push(shorten(`${error.name}: ${error.message}`, LONGEST.cause));
    stack = error.stack?.slice(error.stack.indexOf('\n') + 1);
  }
  if (stack) chain.push(shorten(stack, LONGEST.stack));
  return chain;
}

const shorten = (text: string, most: number) => (text.length > most ? `${text.slice(0, most)}…` : text);
