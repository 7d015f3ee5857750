import type { FailureCode, StepName } from '@darkroom/api';
import type { Failure } from '@darkroom/shared/render';
import { errorMessage } from '@darkroom/shared/runtime';
import type { Infra } from './infra.ts';
import type { StageFailure } from './stage.ts';

// A failure stays in the checkpoint, which must fit into a job together with the largest request (I5).
const MAX_CAUSES = 3;
const MAX_CHARACTERS = { message: 300, cause: 150, stack: 450 };

/** A failure of a render, scrubbed of secrets and short enough for a checkpoint. */
export function createFailure(
  { clock, scrub }: Pick<Infra, 'clock' | 'scrub'>,
  step: StepName,
  code: FailureCode,
  message: string,
  cause?: unknown,
): Failure {
  return {
    code,
    message: shorten(scrub(message), MAX_CHARACTERS.message),
    step,
    at: clock.now(),
    chain: listCauses(cause).map(scrub),
  };
}

/** The failure of a render after an unexpected error, which is a bug of Darkroom. It is never retried. */
export const createBugFailure = (
  infra: Pick<Infra, 'clock' | 'scrub'>,
  step: StepName,
  error: unknown,
): Failure => createFailure(infra, step, 'internal_error', errorMessage(error), error);

/** A job's `failedReason` after this failure. */
export const describeFailure = ({ code, message }: Pick<StageFailure, 'code' | 'message'>) =>
  `${code}: ${message}`;

/** An error's causes, outermost first; the stack of the innermost one is last. */
function listCauses(cause: unknown): string[] {
  const chain: string[] = [];
  let stack: string | undefined;
  for (let error = cause; error instanceof Error && chain.length < MAX_CAUSES; error = error.cause) {
    chain.push(shorten(`${error.name}: ${error.message}`, MAX_CHARACTERS.cause));
    stack = error.stack?.slice(error.stack.indexOf('\n') + 1);
  }
  if (stack) chain.push(shorten(stack, MAX_CHARACTERS.stack));
  return chain;
}

const shorten = (text: string, max: number) => (text.length > max ? `${text.slice(0, max)}…` : text);
