import type { Settings } from '@darkroom/shared/config';
import type { Clock } from '@darkroom/shared/runtime';

/** What a decision depends on, besides the trouble. */
export interface Situation {
  /** Unix milliseconds. */
  now: number;
  /** In [0, 1). */
  random: number;
  /** Tries of this step so far, this one included. */
  tries: number;
  /** Number of the present purchase, from 1. Absent in a stage that may not decide about another purchase. */
  attempt?: number | undefined;
  /** Unix milliseconds: when a task counts as lost, a result expires, or a hold ends. */
  deadlineAt?: number | undefined;
  /** Unix milliseconds: since when the provider answers 404 for the task. */
  missingSince?: number | undefined;
  limits: {
    submitAttempts: number;
    maxPurchases: number;
    missingGraceMs: number;
    unknownGraceMs: number;
    /** `SUBMIT_UNKNOWN=resubmit`: the operator accepts that an image may be bought twice. */
    resubmitUnknown: boolean;
  };
}

/** The situation of a stage at this moment, within the limits that the settings set. */
export function createSituation(
  { settings, clock }: { settings: Settings; clock: Clock },
  facts: Pick<Situation, 'tries' | 'attempt' | 'deadlineAt' | 'missingSince'>,
): Situation {
  return {
    ...facts,
    now: clock.now(),
    random: clock.random(),
    limits: {
      submitAttempts: settings.SUBMIT_ATTEMPTS,
      maxPurchases: settings.MAX_PURCHASES,
      missingGraceMs: settings.TASK_MISSING_GRACE_MS,
      unknownGraceMs: settings.UNKNOWN_GRACE_MS,
      resubmitUnknown: settings.SUBMIT_UNKNOWN === 'resubmit',
    },
  };
}
