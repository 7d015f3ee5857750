import { isUnavailable } from '@darkroom/shared/engine';
import { StoreError } from '@darkroom/shared/object-store';

const LOST_JOB_MESSAGES = /Missing lock|Missing key for job|is not in the active state|lock mismatch/i;

/** The engine is away, or another worker has the job by now: no verdict on the job itself. */
export function isEngineError(error: unknown): error is Error {
  if (error instanceof StoreError) return false;
  return error instanceof Error && (isUnavailable(error) || LOST_JOB_MESSAGES.test(error.message));
}
