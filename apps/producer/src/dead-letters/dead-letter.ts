import type { FailureCode, StepName } from '@darkroom/api';
import { type DeadLetter, sumCost, upgradePersisted } from '@darkroom/shared/render';
import { createReasonKey, normalizeMessage } from './normalize-message.ts';

/** A dead letter in memory: without what only its own page shows. Times in Unix milliseconds. */
export interface OpenDeadLetter
  extends Pick<DeadLetter, 'renderId' | 'tenant' | 'attempts' | 'cost' | 'createdAt' | 'resume'> {
  /** When the render's job failed: the next end of the render has another time. 0: the queue no longer has the job. */
  jobFailedAt: number;
  code: FailureCode;
  message: string;
  step: StepName;
  failedAt: number;
  /** How often the render has ended: 1 for the first end. */
  end: number;
  /** The key of its group by reason, and the message of this group. */
  reason: string;
  normalized: string;
  taskIds: string[];
  resultExpiresAt: number | undefined;
  /** The purchase of the attempt with which a redrive continues is unknown. */
  isPurchaseUnknown: boolean;
  run: string | undefined;
  request: Pick<DeadLetter['request'], 'model' | 'resolution' | 'prompt' | 'metadata'>;
}

/**
 * Parses the data of a dead letter.
 *
 * @throws {NewerDataError}, or any error for data that is no dead letter.
 */
export const parseDeadLetter = (text: string): DeadLetter =>
  upgradePersisted('dead-letter', JSON.parse(text)) as DeadLetter;

export function openDeadLetter(letter: DeadLetter, jobFailedAt: number): OpenDeadLetter {
  const { failure, request, purchases, resume, priorEnds = 0 } = letter;
  const normalized = normalizeMessage(failure.message);
  const { model, resolution, prompt, metadata } = request;
  return {
    renderId: letter.renderId,
    tenant: letter.tenant,
    attempts: letter.attempts,
    cost: letter.cost ?? sumCost(purchases),
    createdAt: letter.createdAt,
    ...(resume ? { resume } : {}),
    jobFailedAt,
    code: failure.code,
    message: failure.message,
    step: failure.step,
    failedAt: failure.at,
    end: priorEnds + 1,
    reason: createReasonKey(failure.code, normalized),
    normalized,
    taskIds: purchases.flatMap(({ taskId }) => taskId ?? []),
    resultExpiresAt: letter.resultExpiresAt,
    isPurchaseUnknown: purchases.some(
      ({ attempt, outcome }) => attempt === resume?.attempt && outcome === 'unknown',
    ),
    run: request.run,
    request: { model, resolution, prompt, ...(metadata ? { metadata } : {}) },
  };
}
