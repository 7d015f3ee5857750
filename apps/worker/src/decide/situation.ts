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
  /** Unix milliseconds: when a result expires, or a hold ends. */
  deadlineAt?: number | undefined;
  /** The time of the step is over: for the task, for its absence, or for the hold. See time-limit.ts. */
  isOver?: boolean;
  limits: {
    submitAttempts: number;
    maxPurchases: number;
    unknownGraceMs: number;
    /** `SUBMIT_UNKNOWN=resubmit`: the operator accepts that an image may be bought twice. */
    resubmitUnknown: boolean;
  };
}

/** The situation of a stage at this moment, within the limits that the settings set. */
export function createSituation(
  { settings, clock }: { settings: Settings; clock: Clock },
  facts: Pick<Situation, 'tries' | 'attempt' | 'deadlineAt' | 'isOver'>,
): Situation {
  return {
    ...facts,
    now: clock.now(),
    random: clock.random(),
    limits: {
      submitAttempts: settings.SUBMIT_ATTEMPTS,
      maxPurchases: settings.MAX_PURCHASES,
      unknownGraceMs: settings.UNKNOWN_GRACE_MS,
      resubmitUnknown: settings.SUBMIT_UNKNOWN === 'resubmit',
    },
  };
}
