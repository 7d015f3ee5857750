import { setTimeout as delay } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { type Engine, openEngine } from '@darkroom/shared/engine';
import { type ObjectStore, openStore } from '@darkroom/shared/object-store';
import { openQueues, type Queues, renderJob } from '@darkroom/shared/queues';
import {
  addRedriveJob,
  PART_RENDERS,
  type PlanItem,
  type RedriveEnd,
  type RedriveRecord,
  RedriveStore,
  redriveId,
  sumCounts,
} from '@darkroom/shared/redrives';
import { type Checkpoint, type Failure, randomHex, type StoredImage } from '@darkroom/shared/render';
import { systemClock as clock } from '@darkroom/shared/runtime';
import { until } from '@darkroom/testkit';
import { createCheckpoint } from '../load.ts';
import { readMemory } from '../probes/index.ts';
import { type DarkroomOptions, startDarkroom, startUpstream, type WorkerProcess } from '../processes.ts';
import type { Scenario, Size } from '../scenario.ts';
import { formatMegabytes, formatNumber, formatTable } from '../table.ts';
import type { Workspace } from '../workspace.ts';

/** One worker, from the first render that it started until its death or the last render. */
interface Uptime {
  started: number;
  seconds: number;
  per_second: number;
  /** Bytes: the resident set after 5 s, and its peak. */
  rss_early: number;
  rss_peak: number;
}

export interface RedriveResult {
  renders: number;
  rate: number;
  uptimes: Uptime[];
  /** Renders that were started in the busiest five seconds, per second. */
  busiest_per_second: number;
  end: Pick<RedriveEnd, 'status' | 'started' | 'done' | 'skipped' | 'failed'>;
  /** Renders that did not run exactly once. */
  not_once: number;
  /** Whether every sample of the progress was at least the one before. */
  progress_correct: boolean;
}

const SIZES = { full: 20_000, quick: 1_000 };
const RATE = 80;
/** The shares of the plan after which the worker is killed. */
const KILLS = [0.3, 0.6];
const SAMPLE_MS = 250;
const WINDOW_MS = 5_000;
const EARLY_MS = 5_000;

const IMAGE: StoredImage = {
  key: 'images/x.jpg',
  sha256: '0'.repeat(64),
  bytes: 1,
  width: 1,
  height: 1,
  contentType: 'image/jpeg',
  thumbnailKey: 'thumbnails/x.webp',
};

/** Executes one plan at a fixed rate while its worker is killed twice. The renders resume at their last step. */
export const redrive: Scenario<RedriveResult> = {
  name: 'redrive',
  report: reportRedrive,
  async run(workspace, size) {
    const renders = size.renders ?? (size.quick ? SIZES.quick : SIZES.full);
    const dataDir = await workspace.createFolder('memory');
    const prefix = workspace.createPrefix();
    const upstream = await startUpstream(workspace, ['--instant']);
    const engine = await openEngine({
      queueUrl: workspace.redisUrl,
      dataDir,
      role: 'producer',
      prefix,
      onError: () => undefined,
    });
    const store = await openStore({ storeUrl: pathToFileURL(`${dataDir}/store`).href, dataDir: '', clock });
    const start = () => startWorker(workspace, { upstream, dataDir, prefix });
    try {
      return await measureRedrive({ engine, store, start }, renders, size);
    } finally {
      await engine.close();
    }
  },
};

const startWorker = (
  workspace: Workspace,
  options: Pick<DarkroomOptions, 'upstream' | 'dataDir' | 'prefix'>,
) => startDarkroom(workspace, { ...options, env: { LOCK_DURATION_MS: '5000' } });

interface Ground {
  engine: Engine;
  store: ObjectStore;
  start(): Promise<WorkerProcess>;
}

async function measureRedrive(
  { engine, store, start }: Ground,
  renders: number,
  size: Size,
): Promise<RedriveResult> {
  const queues = openQueues(engine, { days: 7, count: 100_000 });
  const redrives = new RedriveStore(store);
  let worker = await start();
  size.progress(`redrive: failing ${formatNumber(renders)} renders`);
  const items = await failRenders(queues, renders);
  const key = await beginRedrive(queues, redrives, items);
  size.progress(`redrive: ${RATE} renders per second, and two kills`);
  const samples: { at: number; started: number; percent: number }[] = [];
  const uptimes: Uptime[] = [];
  for (const share of [...KILLS, 1]) {
    const uptime = await watch(renders * share, worker.process.pid);
    uptimes.push(uptime);
    size.progress(
      `redrive: ${formatNumber(uptime.started)} started, ${uptime.per_second.toFixed(1)} per second`,
    );
    if (share === 1) break;
    await worker.process.kill('SIGKILL');
    worker = await start();
  }
  await until(async () => (await redrives.readEnd(key)) !== undefined, { timeout: 600_000, every: 500 });
  const end = (await redrives.readEnd(key)) as RedriveEnd;
  const { status, started, done, skipped, failed } = end;
  const result = {
    renders,
    rate: RATE,
    uptimes,
    busiest_per_second: findBusiest(samples),
    end: { status, started, done, skipped, failed },
    not_once: await countNotOnce(queues, items),
    progress_correct: samples.every(({ percent }, at) => percent >= (samples[at - 1]?.percent ?? 0)),
  };
  await worker.stop();
  return result;

  /** Samples the progress until so many renders are started. */
  async function watch(target: number, pid: number): Promise<Uptime> {
    const before = samples.at(-1)?.started ?? 0;
    let first: { at: number; started: number } | undefined;
    let early = 0;
    for (;;) {
      const job = await queues.redrive.getJob(redriveId(key));
      const [now, finished, omitted, broken] = sumCounts(job?.data.counts ?? []);
      const sample = {
        at: performance.now(),
        started: now,
        percent: (100 * (finished + omitted + broken)) / renders,
      };
      samples.push(sample);
      if (sample.started > before) first ??= sample;
      if (first && early === 0 && sample.at - first.at > EARLY_MS) early = (await readMemory(pid)).rss;
      if (first && sample.started >= target) {
        const seconds = (sample.at - first.at) / 1000;
        const count = sample.started - first.started;
        const { peak } = await readMemory(pid);
        return { started: count, seconds, per_second: count / seconds, rss_early: early, rss_peak: peak };
      }
      await delay(SAMPLE_MS);
    }
  }
}

async function failRenders(queues: Queues, renders: number): Promise<PlanItem[]> {
  const items: PlanItem[] = [];
  for (let left = renders; left > 0; left -= PART_RENDERS) {
    const checkpoints = Array.from({ length: Math.min(left, PART_RENDERS) }, createFailedRender);
    await queues.render.addBulk(checkpoints.map(renderJob));
    items.push(...checkpoints.map(createItem));
  }
  const isDone = async () => (await queues.render.getFailedCount()) === renders;
  await until(isDone, { timeout: 600_000, every: 500 });
  return items;
}

function createFailedRender(): Checkpoint {
  const failure: Failure = {
    code: 'internal_error',
    message: 'failed before',
    step: 'finish',
    at: Date.now(),
    chain: [],
  };
  const resume = { step: 'finish', image: IMAGE } as const;
  return { ...createCheckpoint(), at: { step: 'bury', failure, resume, attemptsMade: 0, restored: true } };
}

const createItem = ({ renderId }: Checkpoint): PlanItem => ({
  id: renderId,
  end: 1,
  attempt: 1,
  step: 'finish',
  action: 'resume',
  priceMicros: 25_000,
  groups: ['0123456789ab', '', 'default', 'gemini-3-pro-image-preview', 'finish'],
});

async function beginRedrive(queues: Queues, redrives: RedriveStore, items: PlanItem[]): Promise<string> {
  const key = randomHex(16);
  for (let part = 0; part * PART_RENDERS < items.length; part += 1) {
    const from = part * PART_RENDERS;
    await redrives.writePlanPart(key, part, items.slice(from, from + PART_RENDERS));
  }
  const record: RedriveRecord = {
    key,
    scope: '*',
    actor: 'the bench',
    createdAt: Date.now(),
    total: items.length,
    rate: RATE,
    acceptDuplicateCharge: false,
    pollAgain: false,
  };
  await redrives.writeRecord(record);
  await addRedriveJob(queues, record);
  return key;
}

function findBusiest(samples: readonly { at: number; started: number }[]): number {
  let busiest = 0;
  let from = 0;
  for (const { at, started } of samples) {
    while (at - (samples[from]?.at ?? at) > WINDOW_MS) from += 1;
    const first = samples[from];
    if (first) busiest = Math.max(busiest, started - first.started);
  }
  return (busiest * 1000) / WINDOW_MS;
}

/** BullMQ counts the ends of a job: the failure, and the end after the redrive. */
async function countNotOnce(queues: Queues, items: readonly PlanItem[]): Promise<number> {
  let wrong = 0;
  for (const { id } of items) {
    const job = await queues.render.getJob(id);
    if (job?.attemptsMade !== 2 || job.failedReason) wrong += 1;
  }
  return wrong;
}

function reportRedrive({ renders, rate, uptimes, ...result }: RedriveResult): string {
  const lines = uptimes.map((one, at) => [
    String(at + 1),
    formatNumber(one.started),
    one.seconds.toFixed(1),
    one.per_second.toFixed(2),
    formatMegabytes(one.rss_early),
    formatMegabytes(one.rss_peak),
  ]);
  const { status, started, done, skipped, failed } = result.end;
  return `Redrive of ${formatNumber(renders)} renders at ${rate} per second; its worker is killed twice
${formatTable(['worker', 'started', 'seconds', 'per second', 'RSS after 5 s', 'RSS, peak'], lines)}
Busiest 5 s: ${result.busiest_per_second.toFixed(2)} per second. End: ${status}, ${started} started, ${done} done, ${skipped} skipped, ${failed} failed.
Renders that did not run exactly once: ${result.not_once}. Progress: ${result.progress_correct ? 'correct' : 'WRONG'}.`;
}
