import type { AddBulkResult } from '../add-bulk-options.ts';
import { readCpuTime, removeKeys } from '../probes/index.ts';
import { cpuProfileEnv, type ProducerProcess, runAddBulk, startProducer } from '../processes.ts';
import type { Size } from '../scenario.ts';
import { type Spread, summarizeSpread } from '../stats.ts';
import type { Workspace } from '../workspace.ts';
import { createBulkBody, sendBulk, sendSingles } from './caller.ts';

/** How fast renders are accepted in one way. */
export interface RateRow {
  name: string;
  per_second: Spread;
  /** The ratio to `addBulk` alone with its best chunk size, in the same round. */
  of_raw_bulk: Spread;
  /** CPU time per render of the process that adds, in microseconds. */
  cpu_us?: Spread;
}

export interface Rates {
  /** Renders in one bulk call. Single calls and adds use a quarter of it. */
  renders: number;
  rounds: number;
  at_once: number;
  /** The chunk size with which BullMQ alone was fastest. */
  best_chunk: number;
  rows: RateRow[];
}

const CHUNKS = [250, 500, 1000, 2000];
const CONCURRENT_CALLS = 50;
/** Bulk calls of the warm-up. The process with BullMQ alone warms up for as long. */
const WARM_UPS = 4;
const nameAddBulk = (chunk: number) => `BullMQ alone, addBulk of ${chunk}`;
/** As many as the producer runs at the same time during a bulk call. */
const CONCURRENT_BULKS = 8;
const CONCURRENT_ADD_BULK = `the same, ${CONCURRENT_BULKS} calls of ${CHUNKS[0]} at a time`;
const SINGLE_ADDS = 'BullMQ alone, add';

interface Sample {
  perSecond: number;
  cpuUs?: number;
}
type Round = Map<string, Sample>;

/** Renders per second that the producer accepts, in one bulk call and in single calls, compared with BullMQ alone. */
export async function measureRates(workspace: Workspace, size: Size): Promise<Rates> {
  const renders = Math.max(size.renders ?? (size.quick ? 4000 : 10_000), 400);
  const rounds = size.quick ? 2 : 3;
  const producer = await startProducer(workspace, cpuProfileEnv(size.cpuProfile));
  const runAllWays = createRun(workspace, producer, renders);
  size.progress('intake: warm-up');
  for (let time = 1; time <= WARM_UPS; time += 1) await runAllWays(new Map(), -time);
  const seen: Round[] = [];
  for (let round = 1; round <= rounds; round += 1) {
    size.progress(`intake: round ${round}/${rounds}`);
    const samples: Round = new Map();
    const addWithBullMQ = async () =>
      recordAddBulk(
        samples,
        await runAddBulk(workspace, {
          jobs: renders,
          chunks: CHUNKS,
          concurrentBulks: CONCURRENT_BULKS,
          concurrentAdds: CONCURRENT_CALLS,
        }),
      );
    // Every second round runs in reverse order, so that neither side always comes first.
    if (round % 2 === 0) await addWithBullMQ();
    await runAllWays(samples, round);
    if (round % 2 === 1) await addWithBullMQ();
    seen.push(samples);
  }
  await producer.stop();
  const best = chooseBestChunk(seen);
  const names = [nameAddBulk(best), CONCURRENT_ADD_BULK, ...WAYS.map(({ name }) => name), SINGLE_ADDS];
  const rows = names.map((name) => summarizeRow(seen, name, nameAddBulk(best)));
  return { renders, rounds, at_once: CONCURRENT_CALLS, best_chunk: best, rows };
}

/** Chooses by the median of all rounds, because one round can be fast by chance. */
function chooseBestChunk(rounds: Round[]): number {
  const median = (chunk: number) =>
    summarizeSpread(rounds.flatMap((round) => round.get(nameAddBulk(chunk))?.perSecond ?? [])).median;
  return CHUNKS.reduce((best, chunk) => (median(chunk) > median(best) ? chunk : best));
}

const WAYS = [
  { name: 'one bulk call', bulk: true, keyed: false },
  { name: 'one bulk call, with keys', bulk: true, keyed: true },
  { name: 'single calls', bulk: false, keyed: false },
  { name: 'single calls, with keys', bulk: false, keyed: true },
];

function createRun(
  workspace: Workspace,
  producer: Pick<ProducerProcess, 'url' | 'pid' | 'prefix' | 'removeJournal'>,
  renders: number,
) {
  return async (samples: Round, round: number) => {
    for (const { name, bulk, keyed } of WAYS) {
      const count = bulk ? renders : Math.ceil(renders / 4);
      const key = keyed ? `r${round}-${bulk ? 'b' : 's'}` : undefined;
      const body = bulk ? createBulkBody(count, key) : Buffer.alloc(0);
      const before = await readCpuTime(producer.pid);
      const seconds = bulk
        ? await sendBulk(producer.url, body, count)
        : await sendSingles(producer.url, count, CONCURRENT_CALLS, key);
      const after = await readCpuTime(producer.pid);
      const cpuMs = before && after && after.main + after.others - before.main - before.others;
      samples.set(name, {
        perSecond: count / seconds,
        ...(cpuMs === undefined ? {} : { cpuUs: (cpuMs * 1000) / count }),
      });
      // Without the keys, the entries of the journal would be renders that the queue has lost.
      await producer.removeJournal();
      await removeKeys(workspace.redis, producer.prefix);
    }
  };
}

function recordAddBulk(samples: Round, { bulk, concurrent, single }: AddBulkResult): void {
  for (const { chunk, per_second, cpu_us } of bulk) {
    samples.set(nameAddBulk(chunk), { perSecond: per_second, cpuUs: cpu_us });
  }
  samples.set(CONCURRENT_ADD_BULK, { perSecond: concurrent.per_second, cpuUs: concurrent.cpu_us });
  samples.set(SINGLE_ADDS, { perSecond: single.per_second, cpuUs: single.cpu_us });
}

function summarizeRow(rounds: Round[], name: string, against: string): RateRow {
  const samples = rounds.flatMap((round) => round.get(name) ?? []);
  const rate = (round: Round, of: string) => round.get(of)?.perSecond ?? Number.NaN;
  const cpu = samples.flatMap(({ cpuUs }) => cpuUs ?? []);
  return {
    name,
    per_second: summarizeSpread(samples.map(({ perSecond }) => perSecond)),
    of_raw_bulk: summarizeSpread(rounds.map((round) => rate(round, name) / rate(round, against))),
    ...(cpu.length > 0 ? { cpu_us: summarizeSpread(cpu) } : {}),
  };
}
