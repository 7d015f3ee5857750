import { type DeadLetterDetailResponse, type DeadLetterResponse, FAILURES } from '@darkroom/api';
import type { DeadLetter } from '@darkroom/shared/render';
import { formatDollars } from '@darkroom/shared/snapshot';
import type { OpenDeadLetter } from './dead-letter.ts';
import { type ForecastContext, forecastRedrive } from './forecast-redrive.ts';
import { formatPrice } from './summarize.ts';

const toIsoTime = (at: number) => new Date(at).toISOString();

/** @param base the URL by which the caller reached this API. */
export function deadLetterResponse(
  letter: OpenDeadLetter,
  base: string,
  context: ForecastContext,
): DeadLetterResponse {
  const { renderId, cost, request } = letter;
  const { step, action, priceMicros } = forecastRedrive(letter, context);
  return {
    object: 'dead_letter',
    id: renderId,
    code: letter.code,
    message: letter.message,
    reason: letter.reason,
    step: letter.step,
    tenant: letter.tenant,
    run: letter.run ?? null,
    model: request.model,
    resolution: request.resolution,
    created_at: toIsoTime(letter.createdAt),
    failed_at: toIsoTime(letter.failedAt),
    attempts: letter.attempts,
    task_ids: letter.taskIds,
    cost: {
      spent: formatDollars(cost.spentMicros),
      refunded: formatDollars(cost.refundedMicros),
      possibly_spent: formatDollars(cost.possiblySpentMicros),
      currency: 'USD',
    },
    url_expires_at: letter.resultExpiresAt === undefined ? null : toIsoTime(letter.resultExpiresAt),
    redrives: letter.end - 1,
    redrive: { step: step ?? null, action, price: formatPrice(priceMicros) },
    links: {
      self: `${base}/v1/dead-letters/${renderId}`,
      render: `${base}/v1/renders/${renderId}`,
      page: `${base}/renders/${renderId}`,
    },
  };
}

/** @param whole the same dead letter, as the queue has it */
export function deadLetterDetail(
  letter: OpenDeadLetter,
  whole: DeadLetter,
  base: string,
  context: ForecastContext,
): DeadLetterDetailResponse {
  return {
    ...deadLetterResponse(letter, base, context),
    prompt: letter.request.prompt,
    metadata: letter.request.metadata ?? {},
    causes: whole.failure.chain,
    earlier_failures: (whole.earlierFailures ?? []).map(({ code, message, step, at, redrivenAt }) => ({
      code,
      message,
      step,
      failed_at: toIsoTime(at),
      redriven_at: redrivenAt === undefined ? null : toIsoTime(redrivenAt),
    })),
    advice: FAILURES[letter.code].redrive,
  };
}
