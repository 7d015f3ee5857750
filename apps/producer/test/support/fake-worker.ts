import { type Settings } from '@darkroom/shared/config';
import { type Engine } from '@darkroom/shared/engine';
import { type RenderResult, renderJob } from '@darkroom/shared/queues';
import {
  type Checkpoint,
  DATA_VERSION,
  drawRenderId,
  type StoredImage,
  sumCost,
} from '@darkroom/shared/render';
import { type Clock, systemClock } from '@darkroom/shared/runtime';
import { cleanup, latch, until } from '@darkroom/testkit';
import { DelayedError, type Job, type QueueEvents } from 'bullmq';
import { type Harness, openHarness } from './harness.ts';

export type RenderJob = Job<Checkpoint, RenderResult>;
/** One step of a render's job. */
type Step = (job: RenderJob, token: string) => Promise<RenderResult | undefined>;

/** A render whose steps the test controls. Each method resolves when its step has run. */
export interface FakeRender {
  id: string;
  progress(percent: number): Promise<void>;
  /** Polls: the job waits for its next poll. */
  poll(delayMs?: number): Promise<void>;
  complete(): Promise<void>;
  fail(): Promise<void>;
  cancel(): Promise<void>;
}

export const image: StoredImage = {
  key: 'images/x.png',
  sha256: 'ab'.repeat(32),
  bytes: 9,
  width: 4,
  height: 3,
  contentType: 'image/png',
  thumbnailKey: 'thumbnails/x.webp',
};

/** A checkpoint as the producer puts it into the queue. */
export function createCheckpoint(more: Partial<Checkpoint> = {}): Checkpoint {
  const now = Date.now();
  return {
    version: DATA_VERSION,
    renderId: drawRenderId(),
    tenant: 'default',
    request: {
      model: 'gemini-3-pro-image-preview',
      prompt: 'a mug',
      resolution: '1K',
      images: [],
      priority: 'interactive',
    },
    fingerprint: 'f',
    provider: 'toapis',
    creatorToken: 't',
    createdAt: now,
    updatedAt: now,
    attempt: 1,
    purchases: [],
    at: { step: 'submit' },
    ...more,
  };
}

export async function enqueue(harness: Harness, ...checkpoints: Checkpoint[]): Promise<void> {
  await harness.queues.render.addBulk(checkpoints.map(renderJob));
}

/** A clock that runs at a twentieth of the speed: deadlines survive a machine that stands still for a while. */
export function slowClock(): Clock {
  const start = systemClock.now();
  return { ...systemClock, now: () => start + (systemClock.now() - start) / 20 };
}

/** The harnesses that already have a fake worker. */
const harnessesWithWorker = new WeakSet<Harness>();

/**
 * Starts a worker whose jobs run the steps that the test plays. Only one per harness, for all of its renders: a second
 * one would take jobs of the first and wait for steps that never come.
 */
export function startFakeWorker(harness: Harness): { ask(more?: Partial<Checkpoint>): Promise<FakeRender> } {
  if (harnessesWithWorker.has(harness)) throw new Error('this harness already has a fake worker');
  harnessesWithWorker.add(harness);
  const scripts = new Map<string, Script>();
  const findScript = (id: string) => {
    const script = scripts.get(id) ?? createScript();
    scripts.set(id, script);
    return script;
  };
  const worker = harness.engine.worker<Checkpoint, RenderResult>(
    'render',
    async (job, token) => {
      for (;;) {
        const { step, done } = await findScript(job.id as string).next();
        // Resolved before the end is written: a test that awaits the step then waits for what callers see.
        const result = await step(job, token).finally(done);
        if (result) return result;
      }
    },
    { concurrency: 20 },
  );
  cleanup(async () => {
    for (const script of scripts.values()) script.leave();
    await worker.close();
  });
  return {
    ask: async (more = {}) => {
      const render = createCheckpoint(more);
      await enqueue(harness, render);
      return createFakeRender(render.renderId, findScript(render.renderId));
    },
  };
}

function createFakeRender(id: string, script: Script): FakeRender {
  const at = (job: RenderJob, step: Checkpoint['at']) => job.updateData({ ...job.data, at: step });
  return {
    id,
    progress: (percent) =>
      script.play(async (job) => {
        await job.updateProgress(percent);
        return undefined;
      }),
    poll: (delayMs = 10) =>
      script.play(async (job, token) => {
        const now = Date.now();
        const seen = { polls: 1, progress: 0, deadlineAt: now + 60_000 };
        await at(job, { step: 'poll', taskId: 'task_1', acceptedAt: now, ...seen });
        await job.moveToDelayed(now + delayMs, token);
        throw new DelayedError();
      }),
    complete: () =>
      script.play(async (job) => {
        await at(job, { step: 'finish', image });
        return { status: 'completed', image, cost: sumCost([]) };
      }),
    fail: () =>
      script.play(async () => {
        throw new Error('rejected');
      }),
    cancel: () =>
      script.play(async (job) => {
        await at(job, { step: 'cancel', requestedAt: Date.now(), from: 'submit' });
        return { status: 'canceled', cost: sumCost([]) };
      }),
  };
}

type PlannedStep = { step: Step; done: () => void };
type Script = ReturnType<typeof createScript>;

/** Steps in order. The job waits for each. */
function createScript() {
  const planned: PlannedStep[] = [];
  let left = false;
  let waiting = Promise.withResolvers<void>();
  return {
    play: (step: Step) => {
      const { promise, resolve } = Promise.withResolvers<void>();
      planned.push({ step, done: resolve });
      waiting.resolve();
      return promise;
    },
    next: async (): Promise<PlannedStep> => {
      for (;;) {
        if (left) throw new Error('the test is over');
        const next = planned.shift();
        if (next) return next;
        waiting = Promise.withResolvers<void>();
        await waiting.promise;
      }
    },
    leave: () => {
      left = true;
      waiting.resolve();
    },
  };
}

/** A harness that knows how many callers watch a render. */
export async function openWatchedHarness(
  options: { queueUrl?: string; prefix?: string; clock?: Clock; settings?: Partial<Settings> } = {},
) {
  let events: QueueEvents | undefined;
  const watched = (engine: Engine): Engine => ({
    ...engine,
    events: (name) => (events = engine.events(name)),
  });
  const { clock, ...others } = options;
  const harness = await openHarness({
    ...others,
    wrap: (deps) => ({
      ...deps,
      ...(clock ? { clock } : {}),
      engine: watched(deps.engine),
    }),
  });
  return {
    harness,
    /** The harness's engine, observed. */
    engine: watched(harness.engine),
    events: () => events,
    /** Waits until events arrive. Earlier events are lost. */
    heard: async () => {
      const heard = latch();
      events?.once('added', () => heard.open());
      const backend = harness.queues.render.getBackend();
      await until(async () => {
        await backend.publishEvent({ event: 'added', jobId: 'another-job', name: '1K' }, 1_000);
        return heard.opened;
      });
    },
    /** How many callers watch a render. */
    followed: (id: string) => events?.listenerCount(`completed:${id}` as 'completed') ?? 0,
    /** No caller watches any render. */
    quiet: () => !events?.eventNames().some((name) => String(name).includes('rnd_')),
  };
}
