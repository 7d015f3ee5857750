import { fileURLToPath, pathToFileURL } from 'node:url';
import { type ObjectStore, openStore } from '@darkroom/shared/object-store';
import { systemClock as clock } from '@darkroom/shared/runtime';
import { findS3, type S3Service } from '@darkroom/testkit/services';
import { createBulkBody, sendBulk, sendSingles } from '../intake/index.ts';
import { readCpuTime, removeKeys } from '../probes/index.ts';
import { type ProducerProcess, startProducer } from '../processes.ts';
import type { Scenario, Size } from '../scenario.ts';
import { type Spread, summarizeSpread } from '../stats.ts';
import { formatNumber, formatSpread, formatTable } from '../table.ts';
import type { Workspace } from '../workspace.ts';

interface JournalRow {
  store: 'folder' | 'S3';
  journal: 'on' | 'off';
  /** Renders per second in one bulk call. */
  bulk_per_second: Spread;
  /** The ratio to the journal off, in the same round. */
  of_off: Spread;
  /** The producer's CPU time (µs) per render of a bulk call, of all threads. */
  bulk_cpu_us: number;
  /** Milliseconds until a single call is answered. */
  single_p50_ms: number;
  single_p99_ms: number;
  /** Objects and bytes in the journal per render. */
  bulk_objects: number;
  bulk_bytes: number;
  single_objects: number;
  single_bytes: number;
}

export interface JournalResult {
  renders: number;
  singles: number;
  at_once: number;
  rounds: number;
  /** Why S3 was not measured. */
  skipped?: string;
  rows: JournalRow[];
}

const CONCURRENT_CALLS = 16;
const CACHE = fileURLToPath(new URL('../../.cache/', import.meta.url));

/** What the intake journal costs: with and without it, on a folder and on S3. */
export const journal: Scenario<JournalResult> = {
  name: 'journal',
  report: reportJournal,
  async run(workspace, size) {
    const sizes = {
      renders: size.renders ?? (size.quick ? 10_000 : 30_000),
      singles: size.quick ? 500 : 2_000,
      rounds: size.quick ? 3 : 15,
    };
    const folder = await workspace.createFolder('disk');
    const rows = await measureStore(workspace, size, sizes, 'folder', {
      STORE_URL: pathToFileURL(folder).href,
    });
    const s3 = await findS3(CACHE);
    if (s3.found) {
      workspace.onClose(s3.stop);
      rows.push(...(await measureStore(workspace, size, sizes, 'S3', createS3Env(s3.service))));
    }
    return {
      ...sizes,
      at_once: CONCURRENT_CALLS,
      ...(s3.found ? {} : { skipped: s3.reason }),
      rows,
    };
  },
};

function createS3Env({ endpoint, region, accessKeyId, secretAccessKey, bucket }: S3Service) {
  return {
    STORE_URL: `s3://${bucket}/bench-${process.pid}`,
    S3_ENDPOINT: endpoint,
    AWS_REGION: region,
    AWS_ACCESS_KEY_ID: accessKeyId,
    AWS_SECRET_ACCESS_KEY: secretAccessKey,
  };
}

interface Side {
  journal: 'on' | 'off';
  producer: ProducerProcess;
  bulk: number[];
  bulkCpuMs: number;
  latencies: number[];
  bulkUse: Use;
  singleUse: Use;
}

interface Use {
  objects: number;
  bytes: number;
}

async function measureStore(
  workspace: Workspace,
  size: Size,
  { renders, singles, rounds }: Pick<JournalResult, 'renders' | 'singles' | 'rounds'>,
  name: JournalRow['store'],
  env: Record<string, string>,
): Promise<JournalRow[]> {
  // The bench counts and deletes the objects with the same credentials.
  for (const [key, value] of Object.entries(env)) if (key.startsWith('AWS_')) process.env[key] = value;
  const { STORE_URL: storeUrl, S3_ENDPOINT: endpoint, AWS_REGION: region } = env;
  const s3 = { ...(endpoint ? { endpoint } : {}), ...(region ? { region } : {}) };
  const store = await openStore({ storeUrl, dataDir: '', s3, clock });
  const open = async (on: Side['journal']): Promise<Side> => ({
    journal: on,
    producer: await startProducer(workspace, { ...env, INTAKE_JOURNAL: on }),
    bulk: [],
    bulkCpuMs: 0,
    latencies: [],
    bulkUse: { objects: 0, bytes: 0 },
    singleUse: { objects: 0, bytes: 0 },
  });
  const sides = [await open('on'), await open('off')];
  // Round 0 is a warm-up.
  for (let round = 0; round <= rounds; round += 1) {
    size.progress(`journal: ${name}, ${round === 0 ? 'warm-up' : `round ${round}/${rounds}`}`);
    for (const side of round % 2 === 0 ? sides : sides.toReversed()) {
      const { url, prefix } = side.producer;
      const cpuMs = await readCpuMs(side.producer);
      const seconds = await sendBulk(url, createBulkBody(renders, undefined), renders);
      const bulkCpuMs = (await readCpuMs(side.producer)) - cpuMs;
      side.bulkUse = await takeObjects(store);
      await removeKeys(workspace.redis, prefix);
      const latencies: number[] = [];
      await sendSingles(url, singles, CONCURRENT_CALLS, undefined, (ms) => latencies.push(ms));
      side.singleUse = await takeObjects(store);
      await removeKeys(workspace.redis, prefix);
      if (round === 0) continue;
      side.bulk.push(renders / seconds);
      side.bulkCpuMs += bulkCpuMs;
      side.latencies.push(...latencies);
    }
  }
  for (const { producer } of sides) await producer.stop();
  await store.close();
  const off = sides[1] as Side;
  return sides.map((side) => ({
    store: name,
    journal: side.journal,
    bulk_per_second: summarizeSpread(side.bulk),
    of_off: summarizeSpread(side.bulk.map((rate, round) => rate / (off.bulk[round] ?? Number.NaN))),
    bulk_cpu_us: (1000 * side.bulkCpuMs) / (rounds * renders),
    single_p50_ms: findQuantile(side.latencies, 0.5),
    single_p99_ms: findQuantile(side.latencies, 0.99),
    bulk_objects: side.bulkUse.objects / renders,
    bulk_bytes: side.bulkUse.bytes / renders,
    single_objects: side.singleUse.objects / singles,
    single_bytes: side.singleUse.bytes / singles,
  }));
}

async function readCpuMs({ pid }: ProducerProcess): Promise<number> {
  const time = await readCpuTime(pid);
  return time ? time.main + time.others : Number.NaN;
}

/** Counts the objects of the journal and deletes them: without their jobs, they are renders that the queue has lost. */
async function takeObjects(store: ObjectStore): Promise<Use> {
  const use = { objects: 0, bytes: 0 };
  for (let cursor: string | undefined; ; ) {
    const page = await store.list({ prefix: 'intake/', ...(cursor === undefined ? {} : { cursor }) });
    for (const { key, size } of page.objects) {
      use.objects += 1;
      use.bytes += size;
      await store.delete(key);
    }
    cursor = page.cursor;
    if (cursor === undefined) return use;
  }
}

function findQuantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

function reportJournal({ renders, singles, at_once, rounds, skipped, rows }: JournalResult): string {
  const head = [
    'store, journal',
    'bulk renders/s',
    'of off',
    'CPU µs per render',
    'single p50 ms',
    'p99 ms',
    'objects per render, bulk',
    'single',
    'bytes per render',
  ];
  const lines = rows.map((row) => [
    `${row.store}, ${row.journal}`,
    formatSpread(row.bulk_per_second),
    formatSpread(row.of_off),
    formatNumber(row.bulk_cpu_us),
    formatNumber(row.single_p50_ms),
    formatNumber(row.single_p99_ms),
    formatNumber(row.bulk_objects),
    formatNumber(row.single_objects),
    formatNumber(row.bulk_bytes),
  ]);
  return `Journal: bulk calls of ${formatNumber(renders)}, ${formatNumber(singles)} single calls ${at_once} at a time, median (lowest-highest) of ${rounds} rounds
${formatTable(head, lines)}${skipped ? `\nS3 was not measured: ${skipped}` : ''}`;
}
