import { mkdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { openEngine } from '@darkroom/shared/engine';
import { openQueues, type Queues, type RenderResult, renderJob } from '@darkroom/shared/queues';
import {
  type Checkpoint,
  type DeadLetter,
  dayIndexKey,
  type Failure,
  listSpendKeys,
  type Receipt,
  receiptKey,
  type StoredImage,
  sumCost,
} from '@darkroom/shared/render';
import { until } from '@darkroom/testkit';
import { Pool } from 'undici';
import { createCheckpoint } from '../load.ts';
import { removeKeys } from '../probes/index.ts';
import { startProducer } from '../processes.ts';
import type { Scenario, Size } from '../scenario.ts';
import { type Spread, summarizeSpread } from '../stats.ts';
import { formatNumber, formatSpread, formatTable } from '../table.ts';
import type { Workspace } from '../workspace.ts';

/** What the queue and the store contain. */
interface Content {
  finished: number;
  queued: number;
  /** Renders that wait for the end of a pause of submission. */
  paused: number;
  deadLetters: number;
  /** The days on which the renders were created, one after another. */
  days: number;
}

interface PageRow {
  path: string;
  /** The first request after the start of the producer, with the large content. */
  first_ms: number;
  small_ms: Spread;
  large_ms: Spread;
}

export interface PagesResult {
  rounds: number;
  small: Content;
  cases: { name: string; large: Content; rows: PageRow[] }[];
}

const SMALL: Content = { finished: 1_000, queued: 200, paused: 0, deadLetters: 50, days: 5 };
const LARGE = {
  full: { finished: 100_000, queued: 20_000, paused: 0, deadLetters: 5_000 },
  quick: { finished: 10_000, queued: 2_000, paused: 0, deadLetters: 500 },
};

/** The large contents, measured one after another beside the small one. */
const createCases = (large: Omit<Content, 'days'>): { name: string; large: Content }[] => [
  { name: 'five days', large: { ...large, days: 5 } },
  { name: 'one day', large: { ...large, days: 1 } },
  { name: 'one day, paused', large: { ...large, days: 1, queued: 0, paused: large.queued } },
];

/** What an operator opens, and the calls of the command line. */
const PATHS = [
  '/overview',
  '/renders',
  '/renders?status=completed',
  '/renders?status=failed',
  '/renders?status=queued',
  '/dead-letters',
  '/dead-letters/list',
  '/v1/renders?limit=50',
  '/v1/renders?limit=50&status=completed',
  '/v1/renders?limit=50&status=failed',
  '/v1/renders?limit=50&status=queued',
  '/v1/dead-letters?limit=50',
  '/v1/dead-letters/summary',
];

const DAY_MS = 86_400_000;
const CHUNK = 500;
/** Longer than the bench runs. */
const PAUSE_MS = 3_600_000;
/** The overview reads its facts at most once per second. */
const BETWEEN_ROUNDS_MS = 1_100;

/** How long the overview and the lists take, with few and with many renders in the queue and in the store. */
export const pages: Scenario<PagesResult> = {
  name: 'pages',
  report: reportPages,
  async run(workspace, size) {
    const rounds = size.quick ? 8 : 20;
    const cases = [];
    for (const { name, large } of createCases(size.quick ? LARGE.quick : LARGE.full)) {
      size.progress(`pages: ${name}`);
      const opened = [await openContent(workspace, size, SMALL), await openContent(workspace, size, large)];
      cases.push({ name, large, rows: await measurePaths(opened, rounds) });
      for (const { close } of opened) await close();
    }
    return { rounds, small: SMALL, cases };
  },
};

/** @param opened the small content, and the large one */
async function measurePaths(
  opened: { measure(path: string): Promise<number> }[],
  rounds: number,
): Promise<PageRow[]> {
  const times = PATHS.map(() => opened.map(() => [] as number[]));
  const first: number[] = [];
  for (const path of PATHS) {
    for (const { measure } of opened) first.push(await measure(path));
  }
  for (let round = 0; round < rounds; round += 1) {
    await delay(BETWEEN_ROUNDS_MS);
    for (const [at, path] of PATHS.entries()) {
      for (const [which, { measure }] of opened.entries()) times[at]?.[which]?.push(await measure(path));
    }
  }
  return PATHS.map((path, at): PageRow => {
    const [small = [], big = []] = times[at] ?? [];
    return {
      path,
      first_ms: first[2 * at + 1] ?? 0,
      small_ms: summarizeSpread(small),
      large_ms: summarizeSpread(big),
    };
  });
}

async function openContent(workspace: Workspace, size: Size, content: Content) {
  const dataDir = await workspace.createFolder('memory');
  const producer = await startProducer(workspace, {
    DATA_DIR: dataDir,
    STORE_URL: pathToFileURL(`${dataDir}/store`).href,
  });
  size.progress(`pages: adding ${formatNumber(content.finished)} finished renders`);
  await fill(workspace, producer.prefix, join(dataDir, 'store/objects'), content);
  const pool = new Pool(producer.url, { connections: 1 });
  if (content.paused > 0) await pauseAll(pool);
  return {
    measure: (path: string) => measurePage(pool, path),
    close: async () => {
      await pool.close();
      await producer.stop();
      await removeKeys(workspace.redis, producer.prefix);
      await rm(dataDir, { recursive: true });
    },
  };
}

/** @returns milliseconds. @throws unless the page is answered 200. */
async function measurePage(pool: Pool, path: string): Promise<number> {
  const began = performance.now();
  const accept = path.startsWith('/v1/') ? 'application/json' : 'text/html';
  const { statusCode, body } = await pool.request({ path, method: 'GET', headers: { accept } });
  const text = await body.text();
  if (statusCode !== 200) throw new Error(`${path} was answered ${statusCode}: ${text.slice(0, 200)}`);
  return performance.now() - began;
}

async function pauseAll(pool: Pool): Promise<void> {
  const { statusCode } = await pool.request({
    path: '/v1/pauses',
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ name: 'bench', reason: 'the bench measures paused renders' }),
  });
  if (statusCode >= 300) throw new Error(`a pause was answered ${statusCode}`);
}

/** Adds renders through BullMQ, and writes their receipts and their index straight into the folder of the store. */
async function fill(workspace: Workspace, prefix: string, objects: string, content: Content): Promise<void> {
  const { finished, queued, paused, deadLetters, days } = content;
  const engine = await openEngine({
    queueUrl: workspace.redisUrl,
    dataDir: '',
    role: 'both',
    prefix,
    onError: () => undefined,
  });
  try {
    const queues = openQueues(engine, { days: 7, count: 400_000 });
    const worker = engine.worker<Checkpoint, RenderResult>(
      'render',
      async ({ data }) => {
        if (data.at.step === 'bury') throw new Error(`${data.at.failure.code}: ${data.at.failure.message}`);
        return { status: 'completed', image: createImage(data.renderId), cost: sumCost(data.purchases) };
      },
      { concurrency: 500 },
    );
    const total = finished + deadLetters;
    for (let from = 0; from < total; from += CHUNK) {
      const length = Math.min(CHUNK, total - from);
      const checkpoints = Array.from({ length }, (_, at) => {
        const index = from + at;
        // Dead letters are spread evenly.
        const isDead =
          Math.floor(((index + 1) * deadLetters) / total) > Math.floor((index * deadLetters) / total);
        return createEnded(findBirth(days, index / total), isDead, index);
      });
      await queues.render.addBulk(checkpoints.map(renderJob));
      await Promise.all(checkpoints.map((checkpoint) => writeRecords(objects, checkpoint)));
      await addDeadLetters(queues, checkpoints);
    }
    const hasEnded = async () => {
      const counts = await queues.render.getJobCounts('completed', 'failed');
      return (counts['completed'] ?? 0) + (counts['failed'] ?? 0) === total;
    };
    await until(hasEnded, { timeout: 600_000, every: 500 });
    await worker.close();
    for (let left = queued + paused; left > 0; left -= CHUNK) {
      const checkpoints = Array.from({ length: Math.min(left, CHUNK) }, () => createCheckpoint());
      // As the worker leaves a paused render: it is in the index of its day, and its job is delayed.
      const wait = paused > 0 ? { delay: PAUSE_MS } : {};
      await queues.render.addBulk(
        checkpoints.map(renderJob).map((job) => ({ ...job, opts: { ...job.opts, ...wait } })),
      );
      if (paused > 0) await Promise.all(checkpoints.map((one) => writeDayIndex(objects, one)));
    }
  } finally {
    await engine.close();
  }
}

const createImage = (renderId: string): StoredImage => ({
  key: `images/${renderId}.jpg`,
  sha256: '0'.repeat(64),
  bytes: 400_000,
  width: 1376,
  height: 768,
  contentType: 'image/jpeg',
  thumbnailKey: `thumbnails/${renderId}.webp`,
});

const REASONS = ['upstream_unreachable', 'submission_unknown', 'content_policy_violation'] as const;

/**
 * When a render was created. The days of the index are UTC days.
 *
 * @param place 0 for the oldest render, 1 for the newest
 */
function findBirth(days: number, place: number): number {
  const now = Date.now();
  const first = Math.floor(now / DAY_MS) * DAY_MS - (days - 1) * DAY_MS;
  return Math.round(first + (now - first) * place);
}

function createEnded(createdAt: number, isDead: boolean, index: number): Checkpoint {
  const run = { run: `night-${Math.floor(index / 5_000)}` };
  const created = createCheckpoint();
  const base = { ...created, createdAt, updatedAt: createdAt, request: { ...created.request, ...run } };
  const { renderId } = base;
  if (!isDead) {
    const taskId = `task_${renderId.slice(4, 20)}`;
    const bought = { provider: 'toapis', attempt: 1, outcome: 'accepted', costMicros: 25_000 } as const;
    const purchases = [{ ...bought, taskId, acceptedAt: createdAt }];
    return { ...base, purchases, at: { step: 'finish', image: createImage(renderId) } };
  }
  const failure: Failure = {
    code: REASONS[index % REASONS.length] as (typeof REASONS)[number],
    message: `the answer to request ${index} was lost`,
    step: 'submit',
    at: createdAt + 60_000,
    chain: [],
  };
  return { ...base, at: { step: 'bury', failure, resume: { step: 'submit' }, attemptsMade: 0 } };
}

async function writeRecords(objects: string, checkpoint: Checkpoint): Promise<void> {
  const { version, renderId, tenant, request, fingerprint, createdAt, purchases, at } = checkpoint;
  const receipt: Receipt = {
    version,
    renderId,
    tenant,
    request,
    fingerprint,
    createdAt,
    attempts: 1,
    purchases,
    cost: sumCost(purchases),
    finishedAt: createdAt + 60_000,
    notes: [{ at: createdAt, text: 'picked up' }],
    ...(at.step === 'bury'
      ? { status: 'failed', failure: at.failure, resume: { step: 'submit' }, resumeAttempt: 1 }
      : { status: 'completed', image: createImage(renderId) }),
  };
  await Promise.all([
    writeObject(objects, receiptKey(renderId), JSON.stringify(receipt)),
    writeDayIndex(objects, checkpoint),
    ...listSpendKeys(receipt).map((key) => writeObject(objects, key, '')),
  ]);
}

const writeDayIndex = (objects: string, { tenant, createdAt, renderId }: Checkpoint) =>
  writeObject(objects, dayIndexKey(tenant, createdAt, renderId), '');

const folders = new Set<string>();
async function writeObject(objects: string, key: string, text: string): Promise<void> {
  const path = join(objects, key);
  const folder = dirname(path);
  if (!folders.has(folder)) {
    await mkdir(folder, { recursive: true });
    folders.add(folder);
  }
  await writeFile(path, text);
}

async function addDeadLetters({ deadLetter }: Queues, checkpoints: readonly Checkpoint[]): Promise<void> {
  const letters = checkpoints.flatMap(({ version, renderId, tenant, request, createdAt, purchases, at }) => {
    if (at.step !== 'bury') return [];
    const { failure } = at;
    const resume = { step: 'submit', attempt: 1 } as const;
    const cost = sumCost(purchases);
    const data: DeadLetter = {
      version,
      renderId,
      tenant,
      request,
      createdAt,
      purchases,
      failure,
      resume,
      cost,
      attempts: 0,
    };
    return [{ name: failure.code, data, opts: { jobId: renderId } }];
  });
  if (letters.length > 0) await deadLetter.addBulk(letters);
}

function reportPages({ rounds, small, cases }: PagesResult): string {
  const describe = ({ finished, queued, paused, deadLetters }: Content) =>
    [
      `${formatNumber(finished)} finished`,
      `${formatNumber(queued)} queued`,
      ...(paused > 0 ? [`${formatNumber(paused)} paused`] : []),
      `${formatNumber(deadLetters)} dead letters`,
    ].join(', ');
  const tables = cases.map(({ name, large, rows }) => {
    const lines = rows.map(({ path, first_ms, small_ms, large_ms }) => [
      path,
      formatSpread(small_ms),
      formatSpread(large_ms),
      formatNumber(first_ms),
    ]);
    return `${name}: ${describe(large)}\n${formatTable(['', 'small', 'large', 'large, first'], lines)}`;
  });
  return `Pages: ms per request, median (lowest-highest) of ${rounds} rounds
small: ${describe(small)}
${tables.join('\n')}`;
}
