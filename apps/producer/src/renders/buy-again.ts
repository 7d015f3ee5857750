import { type CopyRequest, type CopyResponse, copyRequestSchema, copySchema } from '@darkroom/api';
import { getRenderPrice, type Settings } from '@darkroom/shared/config';
import { copyIdFor } from '@darkroom/shared/render';
import { formatDollars, parseDollars, type RenderSnapshot, renderLinks } from '@darkroom/shared/snapshot';
import type { FastifyRequest } from 'fastify';
import type { Auditor } from '../audit/index.ts';
import type { Endpoint } from '../endpoint.ts';
import { noQuery, readQuery, resolveBaseUrl } from '../http/index.ts';
import { type AcceptedRender, acceptCopy, findCopy, type IntakeDeps, readJsonBody } from '../intake/index.ts';
import { JSON_BODY_PROBLEMS, jsonResponse, problemResponses } from '../openapi/index.ts';
import { checkRequest, ProblemError } from '../problems/index.ts';
import { findRequestedRender, type RenderReadDeps } from './find-render.ts';
import { EMPTY_BODY_BYTES, idParam } from './params.ts';

export interface BuyAgainDeps {
  intake: IntakeDeps;
  lookup: RenderReadDeps['lookup'];
  auditor: Auditor;
  settings: Pick<Settings, 'PRICES'>;
}

/** `POST /v1/renders/{id}/buy-again`. */
export const buyAgainEndpoint = (deps: BuyAgainDeps): Endpoint => ({
  needs: 'operate',
  bodyLimit: EMPTY_BODY_BYTES,
  doc,
  run: async (request, reply) => {
    readQuery(noQuery, request);
    const original = await findRequestedRender(deps, request);
    const body = readJsonBody(request, copyRequestSchema);
    const { status, duplicate } = body.dry_run
      ? await forecastCopy(deps, original)
      : await buyRenderAgain(deps, request, original, body);
    const { self, page } = renderLinks(resolveBaseUrl(request), copyIdFor(original.renderId));
    const response: CopyResponse = {
      object: 'copy',
      id: copyIdFor(original.renderId),
      copy_of: original.renderId,
      status,
      duplicate,
      price: toPrice(priceCopy(deps.settings, original)),
      currency: 'USD',
      links: { self, page },
    };
    return await reply.code(body.dry_run ? 200 : 202).send(response);
  },
});

/** @throws {ProblemError} `invalid_request`. */
export const readCopyRequest = (value: unknown): CopyRequest => checkRequest(value, copyRequestSchema);

type CopyState = Pick<CopyResponse, 'status' | 'duplicate'>;

/** @throws {ProblemError} `buy_again_refused`. */
async function forecastCopy({ intake }: BuyAgainDeps, original: RenderSnapshot): Promise<CopyState> {
  const copy = await findCopy(intake, original);
  if (!copy) assertCopyable(original);
  return { status: copy?.status ?? null, duplicate: copy !== undefined };
}

/**
 * Buys the image of a render again, as a copy, and records it. A call that finds the copy buys and records nothing.
 *
 * @throws {ProblemError} `buy_again_refused`, `max_spend_exceeded`; what {@link acceptCopy} throws.
 */
export async function buyRenderAgain(
  { intake, auditor, settings }: BuyAgainDeps,
  request: FastifyRequest,
  original: RenderSnapshot,
  { reason, max_spend: maxSpend }: CopyRequest,
): Promise<AcceptedRender> {
  const { renderId, tenant, status } = original;
  const price = priceCopy(settings, original);
  if (!(await findCopy(intake, original))) {
    assertCopyable(original);
    if (maxSpend !== undefined) assertPrice(original, price, maxSpend);
  }
  const accepted = await acceptCopy(intake, original);
  const { duplicate } = accepted;
  intake.recordIntake(duplicate ? 'duplicate' : 'accepted', tenant);
  request.log.info({ renderId, copy: accepted.renderId, tenant, duplicate }, 'render bought again');
  if (!duplicate)
    await auditor.record(request, {
      action: 'render.buy_again',
      target: { kind: 'render', id: renderId },
      tenant,
      reason,
      before: { status },
      after: { copy: accepted.renderId, ...(price === undefined ? {} : { price: formatDollars(price) }) },
    });
  return accepted;
}

/** Whether a render can have a copy. A failed one is redriven: its purchase may still be found. */
export const isCopyable = ({ status }: RenderSnapshot): boolean =>
  status === 'completed' || status === 'canceled';

function assertCopyable(original: RenderSnapshot): void {
  if (isCopyable(original)) return;
  const { status, renderId } = original;
  const detail =
    status === 'failed'
      ? 'The render is failed: redrive it.'
      : `The render is ${status}: wait for its end, or cancel it.`;
  throw new ProblemError('buy_again_refused', detail, { renderId });
}

/** The operator has agreed to a price. */
function assertPrice({ renderId }: RenderSnapshot, price: number | undefined, maxSpend: string): void {
  if (price !== undefined && price <= parseDollars(maxSpend)) return;
  const actual = price === undefined ? 'is not known' : `is $${formatDollars(price)}`;
  const detail = `The price ${actual}, and max_spend is $${maxSpend}.`;
  throw new ProblemError('max_spend_exceeded', detail, { renderId });
}

/** In micro-dollars. A price of 0 is one that is not known: no image is free. */
export const priceCopy = (
  settings: Pick<Settings, 'PRICES'>,
  { request }: RenderSnapshot,
): number | undefined => getRenderPrice(settings, request.resolution) || undefined;

const toPrice = (micros: number | undefined) => (micros === undefined ? null : formatDollars(micros));

const doc = {
  operationId: 'buyRenderAgain',
  tags: ['Operations'],
  summary: 'Buy a render again',
  description: [
    'For an image that is bad: creates a copy, which is a new render with the same request, and buys it. The render itself',
    'keeps its status, its image, its cost and its records. A render has one copy: a repeated call finds it, answers',
    'with `"duplicate": true`, and buys nothing. To buy the image once more, buy the copy again. The copy has the same',
    '`run`, but a run that was created does not count it. Its webhooks go to the same receiver. A `dry_run` answers with',
    'the price and changes nothing.',
  ].join(' '),
  requestParams: { path: idParam },
  requestBody: {
    required: true,
    content: {
      'application/json': {
        schema: copyRequestSchema,
        examples: {
          plan: { summary: 'What it costs', value: { dry_run: true } },
          buy: {
            summary: 'Buy it',
            value: { accept_duplicate_charge: true, reason: 'The handle is missing.', max_spend: '0.030' },
          },
        },
      },
    },
  },
  responses: {
    '200': jsonResponse('What a call without `dry_run` would do.', copySchema),
    '202': jsonResponse('The copy is durably queued, now or by an earlier call.', copySchema),
    ...problemResponses(
      'render_not_found',
      'buy_again_refused',
      'max_spend_exceeded',
      ...JSON_BODY_PROBLEMS,
      'queue_unavailable',
      'store_unavailable',
      'restoring',
    ),
  },
};
