import { setTimeout as delay } from 'node:timers/promises';
import { startProducer } from '../processes.ts';
import { openHeap } from '../probes/heap.ts';
import { hasProc, memoryOf } from '../probes/process.ts';
import { removeBelow } from '../probes/redis.ts';
import type { Ground } from '../workspace.ts';
import type { Size } from '../scenarios/scenario.ts';
import { bulkBody, bulkCall } from './caller.ts';

/** Memory of a producer during one streamed bulk call. Bytes. */
export interface MemoryRow {
  renders: number;
  body_bytes: number;
  /** Heap and buffers after a collection, before the call; and the most that was seen in it. */
  idle_held: number;
  most_held: number;
  /** The resident set where nobody collects: the kernel's high-water mark, and at each tenth of the time. */
  idle_rss: number;
  peak_rss: number;
  curve: number[];
}

export interface Flatness {
  /** Said instead of rows where it cannot be measured. */
  skipped?: string;
  rows: MemoryRow[];
  /** The largest call over the smallest. */
  growth_held: number;
  growth_rss: number;
}

const SAMPLE_MS = 50;
const COLLECT_MS = 250;
const SETTLE_MS = 1000;

/** What a producer's memory does during bulk calls of different length, each in a fresh process. */
export async function measureFlatness(ground: Ground, size: Size): Promise<Flatness> {
  const rows: MemoryRow[] = [];
  if (!(await hasProc())) {
    return { skipped: 'there is no /proc here', rows, growth_held: Number.NaN, growth_rss: Number.NaN };
  }
  for (const renders of size.quick ? [5_000, 15_000] : [10_000, 50_000]) {
    size.progress(`intake: memory during a bulk call of ${renders}`);
    const body = bulkBody(renders, undefined);
    const resident = await measureResident(ground, body, renders);
    const held = await measureHeld(ground, body, renders);
    rows.push({ renders, body_bytes: body.length, ...held, ...resident });
  }
  const growth = (of: 'most_held' | 'peak_rss') => (rows.at(-1)?.[of] ?? 0) / (rows[0]?.[of] ?? 1);
  return { rows, growth_held: growth('most_held'), growth_rss: growth('peak_rss') };
}

async function measureResident(ground: Ground, body: Buffer, renders: number) {
  const producer = await startProducer(ground);
  await delay(SETTLE_MS);
  const { rss: idle_rss } = await memoryOf(producer.pid);
  const look = async () => (await memoryOf(producer.pid)).rss;
  const seen = await during(look, SAMPLE_MS, () => bulkCall(producer.url, body, renders));
  const { peak: peak_rss } = await memoryOf(producer.pid);
  await producer.stop();
  await removeBelow(ground.redis, producer.prefix);
  const curve = Array.from({ length: 10 }, (_, tenth) => seen[Math.floor((tenth * seen.length) / 10)] ?? 0);
  return { idle_rss, peak_rss, curve };
}

/** In a process of its own: collecting keeps the resident set small. */
async function measureHeld(ground: Ground, body: Buffer, renders: number) {
  const producer = await startProducer(ground, { NODE_OPTIONS: '--inspect=127.0.0.1:0' });
  const heap = await openHeap(await producer.inspector());
  await delay(SETTLE_MS);
  const idle_held = await heap.held();
  const seen = await during(heap.held, COLLECT_MS, () => bulkCall(producer.url, body, renders));
  heap.close();
  await producer.stop();
  await removeBelow(ground.redis, producer.prefix);
  return { idle_held, most_held: Math.max(...seen) };
}

/** What was seen, again and again, while something was done. */
async function during(
  look: () => Promise<number>,
  everyMs: number,
  work: () => Promise<unknown>,
): Promise<number[]> {
  const seen: number[] = [];
  const over = new AbortController();
  const watch = (async () => {
    while (!over.signal.aborted) {
      seen.push(await look());
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
