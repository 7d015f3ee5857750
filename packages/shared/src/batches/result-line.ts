import type { BatchResult } from '@darkroom/api';
import { batchRenderId } from './batch-keys.ts';
import type { BatchEnd, BatchRef } from './records.ts';

/** What every line of results has. It is joined by these ids, never by its position. */
export interface ResultFacts {
  batch: BatchRef;
  customId: string;
}

const describeResult = ({ batch, customId }: ResultFacts) => {
  const renderId = batchRenderId(batch, customId);
  return { id: `batch_req_${renderId.slice('rnd_'.length)}`, custom_id: customId, render_id: renderId };
};

const succeed = (facts: ResultFacts, body: Record<string, unknown>): BatchResult => {
  const common = describeResult(facts);
  return { ...common, response: { status_code: 200, request_id: common.id, body }, error: null };
};

/** The result of a line of `/v1/images/generations`, as OpenAI answers it. @param finishedAt Unix milliseconds */
export const imagesResult = (facts: ResultFacts, url: string, finishedAt: number): BatchResult =>
  succeed(facts, {
    id: batchRenderId(facts.batch, facts.customId),
    created: Math.floor(finishedAt / 1000),
    data: [{ url }],
  });

/** The result of a line of `/v1/renders`: the render. */
export const rendersResult = (facts: ResultFacts, render: object): BatchResult =>
  succeed(facts, { ...render });

/** A line without an image. */
export const failedResult = (facts: ResultFacts, error: { code: string; message: string }): BatchResult => ({
  ...describeResult(facts),
  response: null,
  error,
});

/** Why a line was not bought. @param status of the batch after its end, or why nothing more is bought */
export function describeNotBought(status: BatchEnd['status'] | undefined): { code: string; message: string } {
  switch (status) {
    case 'cancelled':
      return { code: 'batch_cancelled', message: 'The batch was canceled before this line was bought.' };
    case 'expired':
      return { code: 'batch_expired', message: 'The completion window ended before this line was bought.' };
    default:
      return { code: 'canceled', message: 'The render of this line was canceled.' };
  }
}
