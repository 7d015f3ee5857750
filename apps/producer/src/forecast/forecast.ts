import type { EtaReason, WaitCode, WaitingFor } from '@darkroom/api';
import { listOpenPauses } from '@darkroom/shared/control';
import { LANE_NAMES } from '@darkroom/shared/queues';
import type { Clock } from '@darkroom/shared/runtime';
import type { RenderSnapshot, WaitConditions } from '@darkroom/shared/snapshot';
import type {
  LaneCounts,
  QueueStateReader,
  ReadShares,
  ReadSubmitQuota,
  RenderQueue,
} from '../backends/index.ts';
import { type Eta, type EtaFacts, estimateBacklogEnd, estimateEta, type RenderPlace } from './eta.ts';
import { createModel, type ForecastModel } from './model.ts';

export interface Forecast {
  /** The position in the queue, from 1. Absent for a render that does not wait for its submission. */
  queuePosition?: number;
  eta: Eta;
}

/** Used when the forecast cannot be read in time. */
export const NO_FORECAST: Forecast = { eta: { reason: 'unavailable' } };

/** Renders that wait for their submission, by lane, and when they are complete. */
export interface BacklogForecast {
  waiting: LaneCounts;
  /** Absent for a lane in which none waits. */
  ends: { [lane in keyof LaneCounts]?: Eta };
}

export interface Forecaster {
  /** @param waitingFor what the render waits for. Throws {@link EngineError} `unavailable` when the queue is away. */
  forecastRender(snapshot: RenderSnapshot, waitingFor: WaitingFor | null): Promise<Forecast>;
  /** @param now what keeps renders waiting. Throws {@link EngineError} `unavailable` when the queue is away. */
  forecastBacklog(now: WaitConditions): Promise<BacklogForecast>;
}

export interface ForecastDeps {
  queue: RenderQueue;
  queueState: QueueStateReader;
  readSubmitQuota: ReadSubmitQuota;
  readShares: ReadShares;
  clock: Clock;
  maxPurchases: number;
}

/** The samples are some hundred jobs. They are read at most this often, for any number of callers. */
const SAMPLES_MAX_AGE_MS = 2_000;

const ETA_REASON: Partial<Record<WaitCode, EtaReason>> = {
  paused: 'paused',
  account: 'account',
  budget: 'budget',
  store: 'store',
  drained: 'drained',
  unknown_purchase: 'unknown_purchase',
};

export function createForecaster(deps: ForecastDeps): Forecaster {
  const readModel = createModelReader(deps);
  const readFacts = async (): Promise<EtaFacts> => ({
    model: await readModel(),
    now: deps.clock.now(),
    maxPurchases: deps.maxPurchases,
  });
  return {
    forecastRender: async (snapshot, waitingFor) => {
      const { status, renderId, tenant, attempts, request } = snapshot;
      if (status !== 'queued' && status !== 'rendering' && status !== 'storing')
        return { eta: { reason: 'ended' } };
      const waiting = { renderId, tenant, attempt: attempts + 1, priority: request.priority };
      const [position, facts, isIncomplete] = await Promise.all([
        status === 'queued' ? deps.queue.findPosition(waiting, deps.readShares()) : undefined,
        readFacts(),
        deps.queueState.isIncomplete(),
      ]);
      const blocked = isIncomplete ? 'restoring' : waitingFor && ETA_REASON[waitingFor.cause];
      const place = findPlace(snapshot, position);
      return {
        ...(position === undefined ? {} : { queuePosition: position }),
        eta: blocked
          ? { reason: blocked }
          : place
            ? estimateEta(place, facts)
            : { reason: 'unknown_purchase' },
      };
    },
    forecastBacklog: async (now) => {
      const [facts, isIncomplete] = await Promise.all([readFacts(), deps.queueState.isIncomplete()]);
      const { waiting } = facts.model;
      const blocked = isIncomplete ? 'restoring' : findStop(now);
      const ends = LANE_NAMES.flatMap((lane) => {
        const end = estimateBacklogEnd(lane, facts);
        return end ? [[lane, blocked ? { reason: blocked } : end]] : [];
      });
      return { waiting, ends: Object.fromEntries(ends) as BacklogForecast['ends'] };
    },
  };
}

/** What stops all submissions. */
function findStop(now: WaitConditions): EtaReason | undefined {
  const isQueuePaused = now.pauses.some(({ queue }) => queue === 'submit' || queue === 'render');
  const isAllPaused = listOpenPauses(now.control, now.at).some(
    ({ scope }) => Object.keys(scope).length === 0,
  );
  if (isQueuePaused || isAllPaused) return 'paused';
  if (now.account) return 'account';
  if (now.isStoreAway) return 'store';
  return now.drained ? 'drained' : undefined;
}

/** @returns `undefined` while the outcome of its submission is not known. */
function findPlace(
  { attempts, purchases, request, step, updatedAt }: RenderSnapshot,
  position: number | undefined,
): RenderPlace | undefined {
  const { priority: lane, resolution } = request;
  if (position !== undefined) return { at: 'queue', position, attempt: attempts + 1, lane, resolution };
  const acceptedAt = purchases.findLast(({ outcome }) => outcome === 'accepted')?.acceptedAt;
  if (acceptedAt === undefined) return undefined;
  const common = { acceptedAt, attempt: attempts, lane, resolution };
  return step === 'poll' ? { at: 'provider', ...common } : { at: 'store', since: updatedAt, ...common };
}

function createModelReader({ queue, readSubmitQuota, clock }: ForecastDeps): () => Promise<ForecastModel> {
  let last: { at: number; model: Promise<ForecastModel> } | undefined;
  const read = async () => {
    const [samples, quota] = await Promise.all([queue.readForecastSamples(), readSubmitQuota()]);
    return createModel(samples, quota, clock.now());
  };
  return async () => {
    const now = clock.now();
    if (!last || Math.abs(now - last.at) >= SAMPLES_MAX_AGE_MS) {
      const started = { at: now, model: read() };
      last = started;
      // The next call reads again.
      started.model.catch(() => {
        if (last === started) last = undefined;
      });
    }
    return await last.model;
  };
}
