import {
  type Checkpoint,
  type Engine,
  EngineError,
  isUnavailable,
  type Queues,
  type RenderResult,
  renderJob,
} from '@darkroom/shared';
import type { Job } from 'bullmq';

export type RenderJob = Job<Checkpoint, RenderResult>;

/** The render queue as the door uses it. Every method throws {@link EngineError} `unavailable` when it is away. */
export interface RenderQueue {
  get(renderId: string): Promise<RenderJob | undefined>;
  /** Adding an id that is there already changes nothing. */
  add(checkpoint: Checkpoint): Promise<void>;
  /** All or none. */
  addBulk(checkpoints: Checkpoint[]): Promise<void>;
  ping(): Promise<void>;
}

/**
 * The engine bounds its own calls; this is the door's own limit, so that no fault below can keep a caller
 * waiting (I7). The embedded engine has one session and no network: it is slow, never away.
 */
const LIMIT_MS = { redis: { one: 2_800, bulk: 12_000 }, pglite: { one: 30_000, bulk: 60_000 } };

export function createRenderQueue(engine: Engine, queues: Queues): RenderQueue {
  const limit = LIMIT_MS[engine.kind];
  return {
    get: (renderId) => within(limit.one, queues.render.getJob(renderId)),
    add: async (checkpoint) => {
      const { name, data, opts } = renderJob(checkpoint);
      await within(limit.one, queues.render.add(name, data, opts));
    },
    addBulk: async (checkpoints) => {
      await within(limit.bulk, queues.render.addBulk(checkpoints.map(renderJob)));
    },
    ping: () => within(limit.one, engine.ping(2_000)),
  };
}

/** What was sent may still happen after the limit: ids make that harmless. */
async function within<T>(ms: number, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new EngineError('unavailable', `no answer within ${ms} ms`)), ms);
  });
  try {
    return await Promise.race([work, late]);
  } catch (error) {
    if (error instanceof EngineError || !isUnavailable(error)) throw error;
    throw new EngineError('unavailable', 'the queue is away', { cause: error });
  } finally {
    clearTimeout(timer);
  }
}
