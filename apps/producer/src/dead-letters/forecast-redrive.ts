import type { FailureCode, RedriveAction, StepName } from '@darkroom/api';
import { getRenderPrice, type Settings } from '@darkroom/shared/config';
import type { OpenDeadLetter } from './dead-letter.ts';

/** What a redrive does with a render. `priceMicros`: of a purchase; `undefined` when it is not known. */
export interface RedriveForecast {
  step: StepName | undefined;
  action: RedriveAction;
  priceMicros: number | undefined;
}

export interface ForecastContext {
  settings: Pick<Settings, 'PRICES' | 'MAX_PURCHASES'>;
  /** Unix milliseconds. */
  now: number;
}

/** After these, the worker knows that nothing is bought at the step `submit`: the redrive buys. */
const REFUSED: readonly FailureCode[] = [
  'invalid_request',
  'content_policy_violation',
  'account_refused',
  'upstream_unreachable',
  'generation_failed',
  'result_expired',
];

/** The purchase may have been charged, and its task may still end. */
const NOT_ENDED_IN_TIME: readonly FailureCode[] = ['task_timeout', 'task_lost', 'submission_unknown'];

/**
 * What a redrive does, as far as the dead letter says it. `unknown`: the ledger decides whether it is bought, because
 * the worker died, or failed unexpectedly, around a submission.
 */
export function forecastRedrive(letter: OpenDeadLetter, context: ForecastContext): RedriveForecast {
  const { resume, code, request } = letter;
  const { settings, now } = context;
  const price = getRenderPrice(settings, request.resolution);
  const acknowledge = (step: StepName) => ({ step, action: 'acknowledge', priceMicros: price }) as const;
  const goOn = (step: StepName) => ({ step, action: 'resume', priceMicros: 0 }) as const;
  const unclear = (step: StepName | undefined) =>
    ({ step, action: 'unknown', priceMicros: undefined }) as const;
  // The queue no longer has the render.
  if (!resume || letter.jobFailedAt === 0) return unclear(resume?.step);
  switch (resume.step) {
    case 'submit':
      if (letter.isPurchaseUnknown) return acknowledge('submit');
      return REFUSED.includes(code)
        ? { step: 'submit', action: 'buy', priceMicros: price }
        : unclear('submit');
    case 'hold':
      return acknowledge('hold');
    case 'poll':
      return NOT_ENDED_IN_TIME.includes(code) ? acknowledge('poll') : goOn('poll');
    case 'store': {
      if (letter.resultExpiresAt === undefined || now < letter.resultExpiresAt) return goOn('store');
      // Without a purchase left, this redrive fails again, and only the next one buys.
      return resume.attempt < settings.MAX_PURCHASES
        ? { step: 'store', action: 'buy', priceMicros: price }
        : goOn('store');
    }
    case 'finish':
      return goOn('finish');
  }
}
