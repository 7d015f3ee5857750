import {
  type RenderResponse,
  renderSchema,
  type StatementRequest,
  statementRequestSchema,
} from '@darkroom/api';
import type { Checkpoint } from '@darkroom/shared/render';
import type { RenderSnapshot } from '@darkroom/shared/snapshot';
import type { FastifyRequest } from 'fastify';
import { describeCaller } from '../access/index.ts';
import type { RenderJob } from '../backends/index.ts';
import type { Endpoint } from '../endpoint.ts';
import { getBodyBytes, noQuery, readQuery } from '../http/index.ts';
import { parseJson } from '../intake/index.ts';
import { JSON_BODY_PROBLEMS, problemResponses, RENDER_EXAMPLE } from '../openapi/index.ts';
import { checkRequest, ProblemError } from '../problems/index.ts';
import { createRenderResponse, findRequestedRender, type RenderReadDeps } from './find-render.ts';
import { EMPTY_BODY_BYTES, idParam } from './params.ts';

/** `POST /v1/renders/{id}/statement`. */
export const statementEndpoint = (deps: RenderReadDeps): Endpoint => ({
  needs: 'operator',
  bodyLimit: EMPTY_BODY_BYTES,
  doc,
  run: async (request, reply) => {
    readQuery(noQuery, request);
    await statePurchase(deps, request, readStatement(parseJson(getBodyBytes(request))));
    const snapshot = await findRequestedRender(deps, request);
    return await reply.code(202).send(await createRenderResponse(deps, request, snapshot));
  },
});

/** @throws {ProblemError} `invalid_request`. */
export const readStatement = (value: unknown): StatementRequest =>
  checkRequest(value, statementRequestSchema);

/**
 * Records an operator's statement about the present purchase of a render, and makes the render go on with it. The ledger
 * has the statement before the render moves: the worker reads it there.
 *
 * @throws {ProblemError} `render_not_found`, `no_open_purchase`.
 */
export async function statePurchase(
  deps: RenderReadDeps,
  request: FastifyRequest,
  statement: StatementRequest,
): Promise<void> {
  await stateOutcome(deps, request, await findRequestedRender(deps, request), statement);
}

/** What a statement of Darkroom itself can say besides. */
export interface ProvenStatement extends StatementRequest {
  /** The only attempt that the statement is about. */
  attempt?: number;
  /** With `buy_again`: the purchase was charged. */
  isCharged?: true;
}

/** As {@link statePurchase}, about this render. @throws {ProblemError} `no_open_purchase`. */
export async function stateOutcome(
  { lookup, auditor }: Pick<RenderReadDeps, 'lookup' | 'auditor'>,
  request: FastifyRequest,
  snapshot: RenderSnapshot,
  { purchase, task_id: taskId, note, attempt, isCharged }: ProvenStatement,
): Promise<void> {
  const { renderId, tenant, status } = snapshot;
  const job = await lookup.queue.get(renderId);
  const isOther = attempt !== undefined && attempt !== job?.data.attempt;
  if (!job || isOther || !isPurchaseOpen(job)) throw noOpenPurchase(snapshot);
  const actor = describeCaller(request.caller);
  const added = await lookup.ledger.addStatement(renderId, job.data.attempt, {
    kind: purchase,
    actor,
    ...(taskId === undefined ? {} : { taskId }),
    ...(note === undefined ? {} : { note }),
    ...(isCharged ? { isCharged } : {}),
  });
  if (!added) throw noOpenPurchase(snapshot, 'another statement was made at the same time');
  await wakeWithStatement(job);
  await auditor.record(request, {
    action: 'render.state_purchase',
    target: { kind: 'render', id: renderId },
    tenant,
    reason: note,
    before: { status },
    after: {
      purchase,
      attempt: job.data.attempt,
      ...(taskId === undefined ? {} : { task_id: taskId }),
      ...(isCharged ? { charged: true } : {}),
    },
  });
}

/** Whether {@link statePurchase} can succeed for this render now. */
export async function canStatePurchase(
  { queue }: Pick<RenderReadDeps['lookup'], 'queue'>,
  renderId: string,
  attempt?: number,
): Promise<boolean> {
  const job = await queue.get(renderId);
  return job !== undefined && isPurchaseOpen(job) && (attempt === undefined || attempt === job.data.attempt);
}

/** Whether the outcome of the present purchase is unknown, and no worker is finding it out by polls. */
function isPurchaseOpen({ data, finishedOn }: RenderJob): boolean {
  const { at } = data as Checkpoint;
  if (at.step === 'hold') return true;
  return at.step === 'bury' && finishedOn !== undefined && isOpenStep(at.resume.step);
}

const isOpenStep = (step: string) => step === 'hold' || step === 'poll';

function noOpenPurchase({ status, renderId }: RenderSnapshot, reason?: string): ProblemError {
  const detail = `The render is ${status}: ${reason ?? 'its purchases are known'}.`;
  return new ProblemError('no_open_purchase', detail, { renderId });
}

/** A call that another caller made first is no error: the render goes on. */
async function wakeWithStatement(job: RenderJob): Promise<void> {
  if (job.data.at.step === 'hold') {
    if (await job.isDelayed()) await job.promote().catch(() => undefined);
    return;
  }
  await job.retry('failed').catch(async (error: unknown) => {
    if ((await job.getState()) === 'failed') throw error;
  });
}

const EXAMPLE: RenderResponse = { ...RENDER_EXAMPLE, status: 'rendering', progress: 10, image: null };

const doc = {
  operationId: 'statePurchase',
  tags: ['Operations'],
  summary: 'State what became of a purchase',
  description: [
    'For a render whose purchase is unknown: it is held, or it failed with `submission_unknown`, `task_lost` or',
    '`task_timeout`. Look for the render id (`client_business_id`) in the account of the provider, and state what you',
    'found. The ledger records the statement, its actor and its time, and the render goes on: with the task, or with',
    'another purchase.',
  ].join(' '),
  requestParams: { path: idParam },
  requestBody: {
    required: true,
    content: {
      'application/json': {
        schema: statementRequestSchema,
        example: { purchase: 'bought', task_id: 'task_img_abc123', note: 'found in the console' },
      },
    },
  },
  responses: {
    '202': {
      description: 'The statement is recorded, and the render goes on.',
      content: { 'application/json': { schema: renderSchema, example: EXAMPLE } },
    },
    ...problemResponses(
      'render_not_found',
      'no_open_purchase',
      ...JSON_BODY_PROBLEMS,
      'queue_unavailable',
      'store_unavailable',
      'restoring',
    ),
  },
};
