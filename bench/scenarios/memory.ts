import { statfs } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { QUEUE } from '@darkroom/shared/queues';
import { enqueueRenders, waitForRenders } from '../load.ts';
import { hasProcFiles, type Memory, readMemory } from '../probes/index.ts';
import { startDarkroom, startImageHost, startUpstream, type WorkerProcess } from '../processes.ts';
import type { Scenario, Size } from '../scenario.ts';
import { summarizeSpread } from '../stats.ts';
import { formatMegabytes, formatNumber, formatTable } from '../table.ts';
import type { Workspace } from '../workspace.ts';

export interface MemoryPhase {
  name: string;
  images: number;
  image_bytes: number;
  /** Bytes of a new worker without work. */
  idle_rss: number;
  median_rss: number;
  peak_rss: number;
  /** The part of the peak without a file behind it. */
  peak_anonymous: number;
  /** The highest number of images that the worker stored at the same time. */
  most_at_once: number;
  /** The ratio to the peak with small images. */
  peak_of_small: number;
}

export interface MemoryResult {
  concurrency: number;
  /** Why the scenario could not be measured. */
  skipped?: string;
  phases: MemoryPhase[];
}

interface Phase {
  name: string;
  imageBytes: number;
  prompt: string;
  /** A quick run omits it. */
  slow?: true;
  upstream(): Promise<string>;
}

const CONCURRENCY = 16;
const LARGE = 25_000_000;
const SAMPLE_MS = 100;
const STARTUP_MS = 1000;

/** The memory of a worker while it stores large images, 16 at the same time. */
export const memory: Scenario<MemoryResult> = {
  name: 'memory',
  report: reportMemory,
  async run(workspace, size) {
    if (!(await hasProcFiles()))
      return { concurrency: CONCURRENCY, skipped: 'this system has no /proc', phases: [] };
    const images = size.renders ?? (size.quick ? 20 : 48);
    const phases: MemoryPhase[] = [];
    for (const phase of createPhases(workspace)) {
      if (size.quick && phase.slow) continue;
      size.progress(`memory: ${images} ${phase.name}`);
      phases.push(await measure(workspace, phase, images, phases[0]?.peak_rss, size));
    }
    return { concurrency: CONCURRENCY, phases };
  },
};

function createPhases(workspace: Workspace): Phase[] {
  const instant = () => startUpstream(workspace, ['--instant']);
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
        startUpstream(workspace, ['--instant', '--result-host', await startImageHost(workspace, LARGE)]),
    },
  ];
}

async function measure(
  workspace: Workspace,
  phase: Phase,
  wanted: number,
  smallPeak: number | undefined,
  size: Size,
): Promise<MemoryPhase> {
  const upstream = await phase.upstream();
  const dataDir = await workspace.createFolder('disk');
  const images = await limitToDisk(dataDir, wanted, phase.imageBytes);
  if (images < wanted) size.progress(`memory: the disk has room for ${images} images only`);
  const env = { STORE_CONCURRENCY: String(CONCURRENCY), LOCK_DURATION_MS: '120000' };
  const worker = await startDarkroom(workspace, { upstream, dataDir, env });
  await delay(STARTUP_MS);
  const idle = await readMemory(worker.process.pid);

  const seen: Memory[] = [];
  let mostAtOnce = 0;
  const over = new AbortController();
  const watch = (async () => {
    while (!over.signal.aborted) {
      seen.push(await readMemory(worker.process.pid));
      mostAtOnce = Math.max(mostAtOnce, await countStoring(workspace, worker));
      await delay(SAMPLE_MS);
    }
  })();
  try {
    await enqueueRenders(workspace, worker.prefix, images, { prompt: phase.prompt });
    await waitForRenders(workspace, worker, 'completed', images, 50);
  } finally {
    over.abort();
    await watch.catch(() => undefined);
  }
  const last = await readMemory(worker.process.pid);
  await worker.stop();
  return {
    name: phase.name,
    images,
    image_bytes: phase.imageBytes,
    idle_rss: idle.rss,
    median_rss: summarizeSpread(seen.map(({ rss }) => rss)).median,
    peak_rss: last.peak,
    peak_anonymous: Math.max(...seen.map(({ anonymous }) => anonymous)),
    most_at_once: mostAtOnce,
    peak_of_small: last.peak / (smallPeak ?? last.peak),
  };
}

const countStoring = (workspace: Workspace, worker: WorkerProcess) =>
  workspace.redis.llen(`${worker.prefix}:${QUEUE.store}:active`);

/**
 * Limits the number of images so that they fill at most half of the free disk. Images that are being stored need
 * twice their size.
 */
async function limitToDisk(folder: string, wanted: number, imageBytes: number): Promise<number> {
  const { bavail, bsize } = await statfs(folder);
  const room = Math.floor((bavail * bsize * 0.5) / Math.max(1, imageBytes)) - CONCURRENCY;
  return Math.max(1, Math.min(wanted, room));
}

function reportMemory({ concurrency, skipped, phases }: MemoryResult): string {
  const title = `Memory: resident set of the worker while it stores images, ${concurrency} at a time`;
  if (skipped) return `${title}\nnot measured: ${skipped}`;
  const rows = phases.map((phase) => [
    `${phase.images} ${phase.name}`,
    formatMegabytes(phase.idle_rss),
    formatMegabytes(phase.median_rss),
    formatMegabytes(phase.peak_rss),
    formatMegabytes(phase.peak_anonymous),
    formatNumber(phase.peak_of_small),
    String(phase.most_at_once),
  ]);
  const head = ['', 'idle', 'median', 'peak', 'peak anon', 'peak of small', 'at once'];
  const large = phases.find((phase) => phase.image_bytes > 0);
  const bytes = large
    ? `\n${concurrency} complete images would be ${formatMegabytes(concurrency * large.image_bytes)}.`
    : '';
  return `${title}\n${formatTable(head, rows)}${bytes}`;
}
