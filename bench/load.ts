import { setTimeout as delay } from 'node:timers/promises';
import { QUEUE, renderJob } from '@darkroom/shared/queues';
import { type Checkpoint, drawRenderId } from '@darkroom/shared/render';
import { Queue } from 'bullmq';
import type { WorkerProcess } from './processes.ts';
import type { Ground } from './workspace.ts';

const PROMPT =
  'A studio photograph of a ceramic mug on a linen cloth, soft window light from the left, shallow depth of field';
const CHUNK = 500;
/** Nothing here waits for anything slower than a large picture. */
const STUCK_MS = 45_000;

/** A render as a caller asks for it. */
export const REQUEST = {
  prompt: PROMPT,
  size: '16:9',
  resolution: '1K',
  priority: 'batch',
  metadata: { sku: '4711-A', campaign: 'autumn' },
} as const;

/** The checkpoint that the door makes of {@link REQUEST}. */
export function newCheckpoint(prompt: string = PROMPT): Checkpoint {
  const now = Date.now();
  return {
    version: 1,
    renderId: drawRenderId(),
    tenant: 'default',
    request: { model: 'gemini-3-pro-image-preview', ...REQUEST, prompt, images: [] },
    // As long as a real one: its bytes are measured.
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

/** Puts renders into the queue below a prefix, the same for every variant. */
export async function enqueue(
  ground: Ground,
  prefix: string,
  renders: number,
  prompt = PROMPT,
): Promise<void> {
  const queue = new Queue(QUEUE.render, { connection: ground.redis, prefix });
  for (let left = renders; left > 0; left -= CHUNK) {
    const jobs = Array.from({ length: Math.min(left, CHUNK) }, () => renderJob(newCheckpoint(prompt)));
    const keep = { removeOnComplete: { age: 86_400 * 7, count: 50_000 }, keepLogs: 60 };
    await queue.addBulk(jobs.map((job) => ({ ...job, opts: { ...job.opts, ...keep } })));
  }
  await queue.close();
}

/**
 * Waits until `wanted` renders are in a state, with one cheap command a look, so that looking does not disturb
 * what is measured. Answers the number of polls.
 *
 * @throws when a render failed, the worker ended, or nothing happens any more
 */
export async function waitFor(
  ground: Ground,
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
    const count = await ground.redis.zcard(key(state));
    if (count >= wanted) return polls;
    if (count !== before) moved = performance.now();
    before = count;
    const what = `${count} of ${wanted} renders are ${state}`;
    if (ended.signal.aborted) throw new Error(`the worker ended: ${what}\n${tail(worker)}`);
    if (performance.now() - moved > STUCK_MS) {
      const failed = await ground.redis.zcard(key('failed'));
      throw new Error(`stuck: ${what}, ${failed} failed\n${tail(worker)}`);
    }
    await delay(everyMs);
  }
}

const tail = (worker: WorkerProcess) => worker.process.lines.slice(-5).join('\n');
