import { type Engine, EngineError, isUnavailable } from '@darkroom/shared/engine';
import {
  type CancelMarker,
  LANE,
  QUEUE,
  type Queues,
  type RenderResult,
  renderJob,
  wakeRender,
} from '@darkroom/shared/queues';
import { type Checkpoint } from '@darkroom/shared/render';
import { setAwakeTimeout } from '@darkroom/shared/runtime';
import type { Job, JobType } from 'bullmq';
import { redeliverWebhook } from '../deliveries/redeliver.ts';
import { type Delivery, findDeliveries } from './webhook-deliveries.ts';

export type RenderJob = Job<Checkpoint, RenderResult>;

/** The render queue as the door uses it. Every method throws {@link EngineError} `unavailable` when it is away. */
export interface RenderQueue {
  get(renderId: string): Promise<RenderJob | undefined>;
  /**
   * Of all who added the same id one made the job, and the job tells who by the door token. Also true where the job is
   * gone already.
   */
  areOwn(checkpoints: readonly Checkpoint[]): Promise<boolean[]>;
  /** Adding an id that is there already changes nothing. */
  add(checkpoint: Checkpoint): Promise<void>;
  /** All or none. */
  addBulk(checkpoints: Checkpoint[]): Promise<void>;
  /** Ids of the renders that may not be in the day index yet, of those that were added last. */
  listNotYetIndexed(): Promise<string[]>;
  /** Notes that a render is to stop, and has it look now. Safe to call again. */
  cancel(marker: CancelMarker): Promise<void>;
  /** Has a render that is to stop look now; of one that has ended it takes the note away. */
  wake(renderId: string): Promise<void>;
  /** The webhooks of a render, newest first. */
  deliveries(renderId: string): Promise<Delivery[]>;
  /** Tells a webhook again; `false` when the queue no longer holds it. */
  redeliver(messageId: string): Promise<boolean>;
  ping(): Promise<void>;
}

/** Where a render is whose first run has not come to its day index entry: it waits, runs, or the store was away. */
const NOT_YET_INDEXED: JobType[] = ['prioritized', 'waiting', 'active', 'delayed'];
/** In each of these states and lanes. What was added before is not seen until a worker has picked it up. */
const MAX_NOT_YET_INDEXED = 20_000;

/**
 * The engine bounds its own calls; this is the door's own limit, so that no fault below can keep a caller
 * waiting (I7). The embedded engine has one session and no network: it is slow, never away.
 */
const QUEUE_DEADLINE_MS = { redis: { one: 2_800, bulk: 12_000 }, pglite: { one: 30_000, bulk: 60_000 } };

export function createRenderQueue(engine: Engine, queues: Queues): RenderQueue {
  const limit = QUEUE_DEADLINE_MS[engine.kind];
  return {
    get: (renderId) => withQueueDeadline(limit.one, queues.render.getJob(renderId)),
    areOwn: async (checkpoints) => {
      const ids = checkpoints.map(({ renderId }) => renderId);
      const texts = await withQueueDeadline(limit.bulk, engine.readJobTexts(QUEUE.render, ids));
      // Not parsed: a quote within any other value would be escaped.
      return checkpoints.map(
        ({ creatorToken }, at) => texts[at]?.includes(`"creatorToken":"${creatorToken}"`) ?? true,
      );
    },
    add: async (checkpoint) => {
      const { name, data, opts } = renderJob(checkpoint);
      await withQueueDeadline(limit.one, queues.render.add(name, data, opts));
    },
    addBulk: async (checkpoints) => {
      await withQueueDeadline(limit.bulk, queues.render.addBulk(checkpoints.map(renderJob)));
    },
    listNotYetIndexed: () => withQueueDeadline(limit.bulk, readNotYetIndexed(queues.render)),
    cancel: async (marker) => {
      const { renderId } = marker;
      await withQueueDeadline(limit.one, queues.cancel.add('cancel', marker, { jobId: renderId }));
      await withQueueDeadline(limit.one, wakeRender(queues, renderId));
    },
    wake: async (renderId) => {
      await withQueueDeadline(limit.one, wakeRender(queues, renderId));
    },
    deliveries: (renderId) => withQueueDeadline(limit.one, findDeliveries(queues, renderId)),
    redeliver: (messageId) => withQueueDeadline(limit.one, redeliverWebhook(queues, messageId)),
    ping: () => withQueueDeadline(limit.one, engine.ping(2_000)),
  };
}

/** Those of the lane that runs first are the first to be cut off: their latest are asked for, too, and before. */
async function readNotYetIndexed(queue: Queues['render']): Promise<string[]> {
  const { interactive } = LANE;
  const many = (await queue.getPrioritizedCount()) > MAX_NOT_YET_INDEXED;
  const urgent = many ? ((await queue.getCountsPerPriority([interactive]))[interactive] ?? 0) : 0;
  const from = Math.max(0, urgent - MAX_NOT_YET_INDEXED);
  const first = urgent > 0 ? await queue.getRanges(['prioritized'], from, urgent - 1, true) : [];
  const all = await queue.getRanges(NOT_YET_INDEXED, 0, MAX_NOT_YET_INDEXED - 1, false);
  return [...new Set([...first, ...all])];
}

/** What was sent may still happen after the limit: ids make that harmless. */
async function withQueueDeadline<T>(ms: number, work: Promise<T>): Promise<T> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const stop = setAwakeTimeout(ms, () => reject(new EngineError('unavailable', `no answer within ${ms} ms`)));
  try {
    return await Promise.race([work, late]);
  } catch (error) {
    if (error instanceof EngineError || !isUnavailable(error)) throw error;
    throw new EngineError('unavailable', 'the queue is away', { cause: error });
  } finally {
    stop();
  }
}
