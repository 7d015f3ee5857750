import type { FinalStatus, RenderDetailResponse } from '@darkroom/api';
import type { RenderSnapshot } from '@darkroom/shared/snapshot';
import type { FastifyRequest } from 'fastify';
import { type Delivery, withFallback } from '../backends/index.ts';
import { type Eta, type Forecast, NO_FORECAST } from '../forecast/index.ts';
import { hasEnded } from '../lookup/index.ts';
import { createRenderResponse, type RenderReadDeps } from './find-render.ts';

/** The response has null for the facts of a queue that takes longer: a render's own facts are needed more. */
const DETAIL_DEADLINE_MS = 1_000;

/** The response about one render, with the facts that are too costly for lists. */
export async function createRenderDetail(
  deps: RenderReadDeps,
  request: FastifyRequest,
  snapshot: RenderSnapshot,
): Promise<RenderDetailResponse> {
  const render = await createRenderResponse(deps, request, snapshot);
  const [{ queuePosition, eta }, webhook] = await Promise.all([
    withFallback<Forecast>(
      DETAIL_DEADLINE_MS,
      deps.forecaster.forecastRender(snapshot, render.waiting_for),
      NO_FORECAST,
    ),
    hasEnded(snapshot)
      ? withFallback(DETAIL_DEADLINE_MS, readLatestDelivery(deps, snapshot), undefined)
      : undefined,
  ]);
  return {
    ...render,
    queue_position: queuePosition ?? null,
    provider: describeProvider(snapshot),
    ...describeEta(eta),
    webhook: webhook
      ? {
          status: webhook.status,
          attempts: webhook.attempts,
          last_error: webhook.lastError ?? null,
          next_attempt_at: toIsoTimeOrNull(webhook.nextAttemptAt),
        }
      : null,
  };
}

/** What the provider says about the task. ToAPIs reports a progress, and no position. */
function describeProvider({ step, providerProgress }: RenderSnapshot): RenderDetailResponse['provider'] {
  return step === 'poll'
    ? { progress: providerProgress ?? null, position: null, position_reason: 'not_reported' }
    : { progress: null, position: null, position_reason: 'not_at_provider' };
}

const describeEta = (eta: Eta): Pick<RenderDetailResponse, 'eta' | 'eta_p90' | 'eta_reason'> =>
  'reason' in eta
    ? { eta: null, eta_p90: null, eta_reason: eta.reason }
    : { eta: new Date(eta.p50).toISOString(), eta_p90: new Date(eta.p90).toISOString(), eta_reason: null };

const DELIVERY_ORDER = ['failed', 'pending', 'delivered'] as const satisfies Delivery['status'][];

/** Of the webhooks of the latest end: the one that is furthest from delivered. */
async function readLatestDelivery(
  { lookup }: RenderReadDeps,
  { renderId, status }: RenderSnapshot,
): Promise<Delivery | undefined> {
  const deliveries = await lookup.queue.deliveries(renderId, status as FinalStatus);
  const endedAt = Math.max(...deliveries.map(({ job }) => job.endedAt));
  return deliveries
    .filter(({ job }) => job.endedAt === endedAt)
    .sort((a, b) => DELIVERY_ORDER.indexOf(a.status) - DELIVERY_ORDER.indexOf(b.status))[0];
}

const toIsoTimeOrNull = (at: number | undefined) => (at === undefined ? null : new Date(at).toISOString());
