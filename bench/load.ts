import { setTimeout as delay } from 'node:timers/promises';
import { QUEUE, renderJob } from '@darkroom/shared/queues';
import { type Checkpoint, DATA_VERSION, drawRenderId } from '@darkroom/shared/render';
import { Queue } from 'bullmq';
import type { WorkerProcess } from './processes.ts';
import type { Workspace } from './workspace.ts';

const PROMPT =
  'A studio photograph of a ceramic mug on a linen cloth, soft window light from the left, shallow depth of field';
const CHUNK = 500;
/** The slowest step is to store a large image, which takes less than this. */
const STUCK_MS = 45_000;

/** The request of every render. */
export const REQUEST = {
  prompt: PROMPT,
  size: '16:9',
  resolution: '1K',
  priority: 'batch',
  metadata: { sku: '4711-A', campaign: 'autumn' },
} as const;

/** The checkpoint that the producer creates from {@link REQUEST}. */
export function createCheckpoint({ prompt = PROMPT, tenant = 'default' } = {}): Checkpoint {
  const now = Date.now();
  return {
    version: DATA_VERSION,
    renderId: drawRenderId(),
    tenant,
    request: { model: 'gemini-3-pro-image-preview', ...REQUEST, prompt, images: [] },
    // As long as a real fingerprint, because the bench measures bytes.
    fingerprint: '0123456789abcdef'.repeat(4),
    provider: 'toapis',
    creatorToken: '0123456789abcdef',
    createdAt: now,
    updatedAt: now,
    attempt: 1,
    purchases: [],
    at: { step: 'submit' },
  };
}

/** Adds renders to the queue below a prefix. They are equal for all variants. */
export async function enqueueRenders(
  workspace: Workspace,
  prefix: string,
  renders: number,
  of: { prompt?: string; tenant?: string } = {},
): Promise<void> {
  const queue = new Queue(QUEUE.render, { connection: workspace.redis, prefix });
  for (let left = renders; left > 0; left -= CHUNK) {
    const jobs = Array.from({ length: Math.min(left, CHUNK) }, () => renderJob(createCheckpoint(of)));
    const keep = { removeOnComplete: { age: 86_400 * 7, count: 50_000 }, keepLogs: 60 };
    await queue.addBulk(jobs.map((job) => ({ ...job, opts: { ...job.opts, ...keep } })));
  }
  await queue.close();
}

/**
 * Waits until `wanted` renders are in a state. It polls with one cheap command, which hardly disturbs the measurement.
 *
 * @returns the number of polls.
 * @throws if the worker has ended, or if no render has reached the state for {@link STUCK_MS}.
 */
export async function waitForRenders(
  workspace: Workspace,
  worker: WorkerProcess,
  state: 'completed' | 'delayed',
  wanted: number,
  everyMs = 20,
): Promise<number> {
  const key = (name: string) => `${worker.prefix}:${QUEUE.render}:${name}`;
  const ended = new AbortController();
  void worker.process.exited.then(() => ended.abort());
  let moved = performance.now();
  let before = -1;
  for (let polls = 1; ; polls += 1) {
    const count = await workspace.redis.zcard(key(state));
    if (count >= wanted) return polls;
    if (count !== before) moved = performance.now();
    before = count;
    const what = `${count} of ${wanted} renders are ${state}`;
    if (ended.signal.aborted) throw new Error(`the worker ended: ${what}\n${lastLines(worker)}`);
    if (performance.now() - moved > STUCK_MS) {
      const failed = await workspace.redis.zcard(key('failed'));
      throw new Error(`stuck: ${what}, ${failed} failed\n${lastLines(worker)}`);
    }
    await delay(everyMs);
  }
}

const lastLines = (worker: WorkerProcess) => worker.process.lines.slice(-5).join('\n');
