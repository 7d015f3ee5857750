import { type Settings } from '@darkroom/shared/config';
import { type Engine } from '@darkroom/shared/engine';
import { type RenderResult, renderJob } from '@darkroom/shared/queues';
import { type Checkpoint, drawRenderId, type StoredImage } from '@darkroom/shared/render';
import { type Clock, systemClock } from '@darkroom/shared/runtime';
import { cleanup, latch, until } from '@darkroom/testkit';
import { DelayedError, type Job, type QueueEvents } from 'bullmq';
import { type Harness, openHarness } from './harness.ts';

export type RenderJob = Job<Checkpoint, RenderResult>;
/** What a render does next. */
type Act = (job: RenderJob, token: string) => Promise<RenderResult | undefined>;

/** A render whose life the test plays. Each act resolves once it has happened. */
export interface FakeRender {
  id: string;
  progress(percent: number): Promise<void>;
  /** It is at the provider: the job waits to look again. */
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

/** A render as the door puts it into the queue. */
export function createCheckpoint(more: Partial<Checkpoint> = {}): Checkpoint {
  const now = Date.now();
  return {
    version: 1,
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

export async function enqueue(rig: Harness, ...checkpoints: Checkpoint[]): Promise<void> {
  await rig.queues.render.addBulk(checkpoints.map(renderJob));
}

/** A clock on which seconds last twenty times as long: patience outlasts a machine that stands still for a while. */
export function slowClock(): Clock {
  const start = systemClock.now();
  return { ...systemClock, now: () => start + (systemClock.now() - start) / 20 };
}

/** Rigs whose worker is played. */
const played = new WeakSet<Harness>();

/**
 * Plays the worker: renders do what their test says, when it says so. Once per rig, for all of its renders: a second
 * one would take jobs of the first, and wait for acts that nobody tells it.
 */
export function startFakeWorker(rig: Harness): { ask(more?: Partial<Checkpoint>): Promise<FakeRender> } {
  if (played.has(rig)) throw new Error('the worker of this rig is played already');
  played.add(rig);
  const stages = new Map<string, Stage>();
  const stageOf = (id: string) => {
    const stage = stages.get(id) ?? createStage();
    stages.set(id, stage);
    return stage;
  };
  const worker = rig.engine.worker<Checkpoint, RenderResult>(
    'render',
    async (job, token) => {
      for (;;) {
        const { act, done } = await stageOf(job.id as string).next();
        // Before the end is written: whoever waits for `done` waits for what callers see next.
        const result = await act(job, token).finally(done);
        if (result) return result;
      }
    },
    { concurrency: 20 },
  );
  cleanup(async () => {
    for (const stage of stages.values()) stage.leave();
    await worker.close();
  });
  return {
    ask: async (more = {}) => {
      const render = createCheckpoint(more);
      await enqueue(rig, render);
      return createFakeRender(render.renderId, stageOf(render.renderId));
    },
  };
}

function createFakeRender(id: string, stage: Stage): FakeRender {
  const at = (job: RenderJob, step: Checkpoint['at']) => job.updateData({ ...job.data, at: step });
  return {
    id,
    progress: (percent) =>
      stage.play(async (job) => {
        await job.updateProgress(percent);
        return undefined;
      }),
    poll: (delayMs = 10) =>
      stage.play(async (job, token) => {
        const now = Date.now();
        const seen = { polls: 1, progress: 0, deadlineAt: now + 60_000 };
        await at(job, { step: 'poll', taskId: 'task_1', acceptedAt: now, ...seen });
        await job.moveToDelayed(now + delayMs, token);
        throw new DelayedError();
      }),
    complete: () =>
      stage.play(async (job) => {
        await at(job, { step: 'finish', image });
        return { status: 'completed', image, costMicros: 25_000 };
      }),
    fail: () =>
      stage.play(async () => {
        throw new Error('refused');
      }),
    cancel: () =>
      stage.play(async (job) => {
        await at(job, { step: 'cancel', requestedAt: Date.now(), from: 'submit' });
        return { status: 'canceled', costMicros: 0 };
      }),
  };
}

type Cue = { act: Act; done: () => void };
type Stage = ReturnType<typeof createStage>;

/** Acts in order; the job waits for each. */
function createStage() {
  const cues: Cue[] = [];
  let left = false;
  let waiting = Promise.withResolvers<void>();
  return {
    play: (act: Act) => {
      const { promise, resolve } = Promise.withResolvers<void>();
      cues.push({ act, done: resolve });
      waiting.resolve();
      return promise;
    },
    next: async (): Promise<Cue> => {
      for (;;) {
        if (left) throw new Error('the test is over');
        const cue = cues.shift();
        if (cue) return cue;
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

/** A rig that knows who follows a render, and when nobody does. */
export async function openWatchedHarness(
  options: { queueUrl?: string; prefix?: string; clock?: Clock; settings?: Partial<Settings> } = {},
) {
  let events: QueueEvents | undefined;
  const watched = (engine: Engine): Engine => ({
    ...engine,
    events: (name) => (events = engine.events(name)),
  });
  const { clock, ...others } = options;
  const rig = await openHarness({
    ...others,
    wrap: (deps) => ({
      ...deps,
      ...(clock ? { clock } : {}),
      engine: watched(deps.engine),
    }),
  });
  return {
    rig,
    /** The rig's, watched. */
    engine: watched(rig.engine),
    events: () => events,
    /** Waits until events arrive: those before are lost. */
    heard: async () => {
      const heard = latch();
      events?.once('added', () => heard.open());
      const backend = rig.queues.render.getBackend();
      await until(async () => {
        await backend.publishEvent({ event: 'added', jobId: 'somebody', name: '1K' }, 1_000);
        return heard.opened;
      });
    },
    /** How many follow it. */
    followed: (id: string) => events?.listenerCount(`completed:${id}` as 'completed') ?? 0,
    /** Nobody follows anything. */
    quiet: () => !events?.eventNames().some((name) => String(name).includes('rnd_')),
  };
}
