import { statfs } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { QUEUE } from '@darkroom/shared/queues';
import { startDarkroom, startPictures, startUpstream, type WorkerProcess } from '../processes.ts';
import { hasProc, type Memory, memoryOf } from '../probes/process.ts';
import type { Ground } from '../workspace.ts';
import { enqueue, waitFor } from '../load.ts';
import { reportMemory } from '../report/memory.ts';
import { spread } from '../stats.ts';
import type { Scenario, Size } from './scenario.ts';

export interface MemoryPhase {
  name: string;
  images: number;
  image_bytes: number;
  /** Bytes, of a fresh worker that has nothing to do yet. */
  idle_rss: number;
  median_rss: number;
  peak_rss: number;
  /** The part of the peak that no file backs. */
  peak_anonymous: number;
  /** Images that were being stored at once, at the most. */
  most_at_once: number;
  /** Against the peak with small images. */
  peak_of_small: number;
}

export interface MemoryResult {
  concurrency: number;
  /** Said instead of phases where it cannot be measured. */
  skipped?: string;
  phases: MemoryPhase[];
}

interface Phase {
  name: string;
  imageBytes: number;
  prompt: string;
  /** Left out of a quick run. */
  slow?: true;
  upstream(): Promise<string>;
}

const CONCURRENCY = 16;
const LARGE = 25_000_000;
const SAMPLE_MS = 100;
const SETTLE_MS = 1000;

/** What a worker's memory does while it stores large images, 16 at a time. */
export const memory: Scenario<MemoryResult> = {
  name: 'memory',
  report: reportMemory,
  async run(ground, size) {
    if (!(await hasProc()))
      return { concurrency: CONCURRENCY, skipped: 'there is no /proc here', phases: [] };
    const images = size.renders ?? (size.quick ? 20 : 48);
    const phases: MemoryPhase[] = [];
    for (const phase of phasesOf(ground)) {
      if (size.quick && phase.slow) continue;
      size.progress(`memory: ${images} ${phase.name}`);
      phases.push(await measure(ground, phase, images, phases[0]?.peak_rss, size));
    }
    return { concurrency: CONCURRENCY, phases };
  },
};

function phasesOf(ground: Ground): Phase[] {
  const instant = () => startUpstream(ground, ['--instant']);
  return [
    { name: 'small images', imageBytes: 0, prompt: 'small', upstream: instant },
    {
      name: '25 MB images, few pixels',
      imageBytes: LARGE,
      prompt: `large [[sim:large bytes=${LARGE}]]`,
      slow: true,
      upstream: instant,
    },
    {
      name: '25 MB images, all pixels',
      imageBytes: LARGE,
      prompt: 'pixels',
      upstream: async () =>
        startUpstream(ground, ['--instant', '--result-host', await startPictures(ground, LARGE)]),
    },
  ];
}

async function measure(
  ground: Ground,
  phase: Phase,
  wanted: number,
  smallPeak: number | undefined,
  size: Size,
): Promise<MemoryPhase> {
  const upstream = await phase.upstream();
  const dataDir = await ground.folder('disk');
  const images = await asManyAsFit(dataDir, wanted, phase.imageBytes);
  if (images < wanted) size.progress(`memory: the disk has room for ${images} images only`);
  const env = { STORE_CONCURRENCY: String(CONCURRENCY), LOCK_DURATION_MS: '120000' };
  const worker = await startDarkroom(ground, { upstream, dataDir, env });
  await delay(SETTLE_MS);
  const idle = await memoryOf(worker.process.pid);

  const seen: Memory[] = [];
  let mostAtOnce = 0;
  const over = new AbortController();
  const watch = (async () => {
    while (!over.signal.aborted) {
      seen.push(await memoryOf(worker.process.pid));
      mostAtOnce = Math.max(mostAtOnce, await storing(ground, worker));
      await delay(SAMPLE_MS);
    }
  })();
  try {
    await enqueue(ground, worker.prefix, images, phase.prompt);
    await waitFor(ground, worker, 'completed', images, 50);
  } finally {
    over.abort();
    await watch.catch(() => undefined);
  }
  const last = await memoryOf(worker.process.pid);
  await worker.stop();
  return {
    name: phase.name,
    images,
    image_bytes: phase.imageBytes,
    idle_rss: idle.rss,
    median_rss: spread(seen.map(({ rss }) => rss)).median,
    peak_rss: last.peak,
    peak_anonymous: Math.max(...seen.map(({ anonymous }) => anonymous)),
    most_at_once: mostAtOnce,
    peak_of_small: last.peak / (smallPeak ?? last.peak),
  };
}

const storing = (ground: Ground, worker: WorkerProcess) =>
  ground.redis.llen(`${worker.prefix}:${QUEUE.store}:active`);

/** Every image is on the disk once, and those in hand twice; a machine's disk is never filled. */
async function asManyAsFit(folder: string, wanted: number, imageBytes: number): Promise<number> {
  const { bavail, bsize } = await statfs(folder);
  const room = Math.floor((bavail * bsize * 0.5) / Math.max(1, imageBytes)) - CONCURRENCY;
  return Math.max(1, Math.min(wanted, room));
}
