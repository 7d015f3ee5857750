import { isUnavailable } from '@darkroom/shared/engine';
import { StoreError } from '@darkroom/shared/object-store';
import { NewerDataError } from '@darkroom/shared/render';

const LOST_JOB_MESSAGES = /Missing lock|Missing key for job|is not in the active state|lock mismatch/i;

/** The engine is away, or another worker has taken over the job. */
export function isEngineError(error: unknown): error is Error {
  if (error instanceof StoreError) return false;
  return error instanceof Error && (isUnavailable(error) || LOST_JOB_MESSAGES.test(error.message));
}

/**
 * Whether a job must be handed back to its queue after this error, without a verdict: the queue engine is away, another
 * worker has the job, or a newer Darkroom wrote the data. A stage that catches errors must rethrow these.
 */
export const mustHandBack = (error: unknown): error is Error =>
  error instanceof NewerDataError || isEngineError(error);
