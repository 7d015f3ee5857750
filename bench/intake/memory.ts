import { setTimeout as delay } from 'node:timers/promises';
import { hasProcFiles, openHeapProbe, readMemory, removeKeys } from '../probes/index.ts';
import { startProducer } from '../processes.ts';
import type { Size } from '../scenario.ts';
import type { Workspace } from '../workspace.ts';
import { createBulkBody, sendBulk } from './caller.ts';

/** Memory of a producer during one streamed bulk call, in bytes. */
export interface MemoryRow {
  renders: number;
  body_bytes: number;
  /** Heap and buffers after a garbage collection: before the call, and the highest value during it. */
  idle_held: number;
  most_held: number;
  /** The resident set without forced collections: before the call, its peak, and at each tenth of the time. */
  idle_rss: number;
  peak_rss: number;
  curve: number[];
}

export interface MemoryGrowth {
  /** Why it could not be measured. */
  skipped?: string;
  rows: MemoryRow[];
  /** The ratio of the largest call to the smallest. */
  growth_held: number;
  growth_rss: number;
}

const SAMPLE_MS = 50;
const COLLECT_MS = 250;
const STARTUP_MS = 1000;

/** The memory of a producer during bulk calls of different lengths, each in a new process. */
export async function measureMemory(workspace: Workspace, size: Size): Promise<MemoryGrowth> {
  const rows: MemoryRow[] = [];
  if (!(await hasProcFiles())) {
    return { skipped: 'this system has no /proc', rows, growth_held: Number.NaN, growth_rss: Number.NaN };
  }
  for (const renders of size.quick ? [5_000, 15_000] : [10_000, 50_000]) {
    size.progress(`intake: memory during a bulk call of ${renders}`);
    const body = createBulkBody(renders, undefined);
    const resident = await measureResident(workspace, body, renders);
    const held = await measureHeld(workspace, body, renders);
    rows.push({ renders, body_bytes: body.length, ...held, ...resident });
  }
  const growth = (of: 'most_held' | 'peak_rss') => (rows.at(-1)?.[of] ?? 0) / (rows[0]?.[of] ?? 1);
  return { rows, growth_held: growth('most_held'), growth_rss: growth('peak_rss') };
}

async function measureResident(workspace: Workspace, body: Buffer, renders: number) {
  const producer = await startProducer(workspace);
  await delay(STARTUP_MS);
  const { rss: idle_rss } = await readMemory(producer.pid);
  const readRss = async () => (await readMemory(producer.pid)).rss;
  const seen = await sampleDuring(readRss, SAMPLE_MS, () => sendBulk(producer.url, body, renders));
  const { peak: peak_rss } = await readMemory(producer.pid);
  await producer.stop();
  await removeKeys(workspace.redis, producer.prefix);
  const curve = Array.from({ length: 10 }, (_, tenth) => seen[Math.floor((tenth * seen.length) / 10)] ?? 0);
  return { idle_rss, peak_rss, curve };
}

/** In an own process, because forced collections keep the resident set small. */
async function measureHeld(workspace: Workspace, body: Buffer, renders: number) {
  const producer = await startProducer(workspace, { NODE_OPTIONS: '--inspect=127.0.0.1:0' });
  const heap = await openHeapProbe(await producer.inspector());
  await delay(STARTUP_MS);
  const idle_held = await heap.measure();
  const seen = await sampleDuring(heap.measure, COLLECT_MS, () => sendBulk(producer.url, body, renders));
  heap.close();
  await producer.stop();
  await removeKeys(workspace.redis, producer.prefix);
  return { idle_held, most_held: Math.max(...seen) };
}

/** Reads a value again and again while `work` runs. */
async function sampleDuring(
  read: () => Promise<number>,
  everyMs: number,
  work: () => Promise<unknown>,
): Promise<number[]> {
  const seen: number[] = [];
  const over = new AbortController();
  const watch = (async () => {
    while (!over.signal.aborted) {
      seen.push(await read());
      await delay(everyMs);
    }
  })();
  try {
    await work();
  } finally {
    over.abort();
    await watch;
  }
  return seen;
}
