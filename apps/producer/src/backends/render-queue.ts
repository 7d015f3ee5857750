import type { FinalStatus } from '@darkroom/api';
import type { TenantShares } from '@darkroom/shared/control';
import { type Engine, EngineError, isUnavailable, type JobPlace } from '@darkroom/shared/engine';
import {
  type BudgetWait,
  type CancelMarker,
  LANES,
  QUEUE,
  type QueueState,
  type Queues,
  type RenderResult,
  readQueueState,
  readStops,
  requestEmptyRestore,
  type Stops,
  serializedRenderJob,
  wakeRender,
} from '@darkroom/shared/queues';
import { type Checkpoint, type SerializedCheckpoint, submitJobId } from '@darkroom/shared/render';
import type { Job, JobType } from 'bullmq';
import { withDeadline } from './deadlines.ts';
import { type ForecastSamples, readForecastSamples } from './forecast-samples.ts';
import { findQueuePosition, type WaitingRender } from './queue-position.ts';
import { readTenantLines, type TenantLine } from './tenant-lines.ts';
import { type Delivery, findDeliveries, redeliverWebhook } from './webhook-deliveries.ts';

export type RenderJob = Job<Checkpoint, RenderResult>;

/** The queue as the producer uses it. Every method throws {@link EngineError} `unavailable` when the queue is away. */
export interface RenderQueue {
  get(renderId: string): Promise<RenderJob | undefined>;
  /**
   * Whether these checkpoints created their jobs. Several callers may add the same id; one creates the job, and the
   * job's creator token names it. Also true when the job has left the queue already.
   */
  areOwn(checkpoints: readonly Checkpoint[]): Promise<boolean[]>;
  /** Adding an id that already exists changes nothing. */
  add(checkpoint: SerializedCheckpoint): Promise<void>;
  /** Adds all or none. */
  addBulk(checkpoints: readonly SerializedCheckpoint[]): Promise<void>;
  /**
   * Ids of renders that may not be in the day index yet: they wait, they run, or the store was away in their first run.
   * With `after`, only those that were added since the read that returned it, and those that run.
   */
  listNotYetIndexed(after?: QueuePlaces): Promise<{ ids: string[]; places: QueuePlaces }>;
  /** The data of jobs, in the order of their ids; `undefined` for jobs that do not exist or cannot be read. */
  readData(renderIds: readonly string[]): Promise<unknown[]>;
  /** Writes a cancel marker and wakes the render's job, so that it reads the marker now. Idempotent. */
  cancel(marker: CancelMarker): Promise<void>;
  /** Makes a canceled render read its marker now. Removes the marker of a render that has ended. */
  wake(renderId: string): Promise<void>;
  /** The webhooks of a render, newest first; with `status` only those about such an end. */
  deliveries(renderId: string, status?: FinalStatus): Promise<Delivery[]>;
  /** Sends a webhook again. @returns `false` when the queue no longer holds it. */
  redeliver(webhookId: string): Promise<boolean>;
  /** Why queues wait at this moment. */
  readStops(): Promise<Stops>;
  /** Submissions that wait for their turn. */
  countWaitingSubmissions(): Promise<number>;
  /** The budget for which a submission waits. @returns `undefined` if it waits for none */
  readBudgetWait(renderId: string, attempt: number): Promise<BudgetWait | undefined>;
  /** The position of a render in the queue, from 1. Approximate. */
  findPosition(waiting: WaitingRender, shares: TenantShares): Promise<number>;
  /** The tenants whose submissions wait, by lane. */
  readTenantLines(): Promise<TenantLine[]>;
  /** What forecasts are made from. */
  readForecastSamples(): Promise<ForecastSamples>;
  /** The jobs of the renders that completed last. */
  listCompleted(count: number): Promise<RenderJob[]>;
  ping(): Promise<void>;
  /** Resolves when everything that was added before is on the disk of the queue. */
  sync(): Promise<void>;
  /** Whether a restore has completed since the engine was started or emptied. */
  readState(): Promise<QueueState>;
  readIdentity(): Promise<string>;
  /** Records that the journal was empty after the identity was read. See {@link requestEmptyRestore}. */
  requestEmptyRestore(request: { identity: string; now: number }): Promise<void>;
}

/** The last render of each priority. */
export type QueuePlaces = ReadonlyMap<number, JobPlace>;

/**
 * The engine has deadlines for its own calls. These are the producer's, so that no fault of the engine keeps a caller
 * waiting (I7). The embedded engine has one session and no network: it can be slow, but it is never away.
 */
export const QUEUE_DEADLINE_MS = {
  redis: { one: 2_800, bulk: 12_000 },
  pglite: { one: 30_000, bulk: 60_000 },
};

export function createRenderQueue(engine: Engine, queues: Queues): RenderQueue {
  const deadline = QUEUE_DEADLINE_MS[engine.kind];
  const one = <T>(work: Promise<T>) => withQueueDeadline(deadline.one, work);
  const bulk = <T>(work: Promise<T>) => withQueueDeadline(deadline.bulk, work);
  return {
    get: (renderId) => one(queues.render.getJob(renderId)),
    areOwn: async (checkpoints) => {
      const ids = checkpoints.map(({ renderId }) => renderId);
      const texts = await bulk(engine.readJobTexts(QUEUE.render, ids));
      // The JSON is searched, not parsed: inside any other value the quotes would be escaped.
      return checkpoints.map(
        ({ creatorToken }, at) => texts[at]?.includes(`"creatorToken":"${creatorToken}"`) ?? true,
      );
    },
    add: async (checkpoint) => {
      const { name, data, opts } = serializedRenderJob(checkpoint);
      await one(queues.render.add(name, data, opts));
    },
    addBulk: async (checkpoints) => {
      await bulk(queues.render.addBulk(checkpoints.map(serializedRenderJob)));
    },
    listNotYetIndexed: (after) => bulk(readNotYetIndexed(engine, queues.render, after)),
    readData: async (renderIds) => {
      const texts = await bulk(engine.readJobTexts(QUEUE.render, renderIds));
      return texts.map(tryParse);
    },
    cancel: async (marker) => {
      const { renderId } = marker;
      await one(queues.cancel.add('cancel', marker, { jobId: renderId }));
      await one(wakeRender(queues, renderId));
    },
    wake: async (renderId) => {
      await one(wakeRender(queues, renderId));
    },
    deliveries: (renderId, status) => one(findDeliveries(queues, renderId, status && [status])),
    redeliver: (webhookId) => one(redeliverWebhook(queues, webhookId)),
    readStops: () => one(readStops(queues)),
    countWaitingSubmissions: () => one(queues.submit.getJobCountByTypes('prioritized', 'waiting')),
    readBudgetWait: (renderId, attempt) => one(readBudgetWait(queues, submitJobId(renderId, attempt))),
    findPosition: (waiting, shares) => one(findQueuePosition({ engine, queues }, waiting, shares)),
    readTenantLines: () => one(readTenantLines(engine)),
    readForecastSamples: () => one(readForecastSamples(engine, queues)),
    listCompleted: (count) => one(queues.render.getJobs(['completed'], 0, count - 1)),
    ping: () => one(engine.ping(2_000)),
    sync: () => one(engine.syncWrites()),
    readState: () => one(readQueueState(engine, queues)),
    readIdentity: () => one(engine.readIdentity()),
    requestEmptyRestore: (request) => one(requestEmptyRestore(queues, request)),
  };
}

async function readBudgetWait(queues: Queues, childId: string): Promise<BudgetWait | undefined> {
  const child = await queues.submit.getJob(childId);
  return child?.data.budget && (await child.isDelayed()) ? child.data.budget : undefined;
}

function tryParse(text: string | undefined): unknown {
  try {
    return text === undefined ? undefined : JSON.parse(text);
  } catch {
    return undefined;
  }
}

async function readNotYetIndexed(
  engine: Engine,
  queue: Queues['render'],
  after: QueuePlaces | undefined,
): Promise<{ ids: string[]; places: QueuePlaces }> {
  const readIds = (...states: JobType[]) => queue.getRanges(states, 0, -1);
  const delayed = after ? [] : await readIds('delayed');
  const fronts = new Set(Object.values(LANES).map(({ front }) => front));
  const lines = (await engine.countPriorities(QUEUE.render)).map(({ priority }) => priority);
  const readAdded = (priorities: readonly number[]) =>
    Promise.all(
      priorities.map(async (priority) => ({
        priority,
        ...(await engine.readAddedJobs(QUEUE.render, priority, after?.get(priority))),
      })),
    );
  // Renders move from the lines to the fronts.
  const read = [
    ...(await readAdded(lines.filter((one) => !fronts.has(one)))),
    ...(await readAdded([...fronts])),
  ];
  // Last, because a render that no longer waits is running, or in the index.
  const running = await readIds('waiting', 'active');
  const ids = new Set([...delayed, ...read.flatMap(({ ids: added }) => added), ...running]);
  return {
    ids: [...ids],
    places: new Map(read.flatMap(({ priority, last }) => (last ? [[priority, last]] : []))),
  };
}

/** A command that was sent may still take effect after the deadline. Job ids make that harmless. */
export async function withQueueDeadline<T>(ms: number, work: Promise<T>): Promise<T> {
  try {
    return await withDeadline(ms, work, () => {
      throw new EngineError('unavailable', `no answer within ${ms} ms`);
    });
  } catch (error) {
    if (error instanceof EngineError || !isUnavailable(error)) throw error;
    throw new EngineError('unavailable', 'the queue is away', { cause: error });
  }
}
