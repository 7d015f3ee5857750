import { profiled, runRaw, startProducer } from '../processes.ts';
import { cpuOf } from '../probes/process.ts';
import { removeBelow } from '../probes/redis.ts';
import type { Ground } from '../workspace.ts';
import type { RawResult } from '../addbulk/options.ts';
import type { Size } from '../scenarios/scenario.ts';
import { type Spread, spread } from '../stats.ts';
import { bulkBody, bulkCall, singleCalls } from './caller.ts';

/** How fast renders get in, one way. */
export interface RateRow {
  name: string;
  per_second: Spread;
  /** Against `addBulk` alone with its best chunk, in the same round. */
  of_raw_bulk: Spread;
  /** CPU time per render in microseconds: the process that adds. */
  cpu_us?: Spread;
}

export interface Rates {
  /** In one bulk call; single calls and adds are a quarter of it. */
  renders: number;
  rounds: number;
  at_once: number;
  /** Jobs of one `addBulk` where BullMQ alone was quickest. */
  best_chunk: number;
  rows: RateRow[];
}

const CHUNKS = [250, 500, 1000, 2000];
const AT_ONCE = 50;
/** Bulk calls before anything counts: the process that they are compared with has warmed up for as long. */
const WARM_UPS = 4;
const rawBulk = (chunk: number) => `BullMQ alone, addBulk of ${chunk}`;
/** As many calls as the door has under way. */
const TOGETHER = 3;
const RAW_TOGETHER = `the same, ${TOGETHER} calls of ${CHUNKS[0]} at a time`;
const RAW_SINGLE = 'BullMQ alone, add';

interface Sample {
  perSecond: number;
  cpuUs?: number;
}
type Round = Map<string, Sample>;

/** Renders per second through the door, in one bulk call and one by one, against BullMQ alone. */
export async function measureRates(ground: Ground, size: Size): Promise<Rates> {
  const renders = Math.max(size.renders ?? (size.quick ? 4000 : 10_000), 400);
  const rounds = size.quick ? 2 : 3;
  const producer = await startProducer(ground, profiled(size.cpuProfile));
  const door = doorOf(ground, producer, renders);
  size.progress('intake: warm-up');
  for (let time = 1; time <= WARM_UPS; time += 1) await door(new Map(), -time);
  const seen: Round[] = [];
  for (let round = 1; round <= rounds; round += 1) {
    size.progress(`intake: round ${round}/${rounds}`);
    const samples: Round = new Map();
    const raw = async () =>
      addRaw(
        samples,
        await runRaw(ground, { jobs: renders, chunks: CHUNKS, together: TOGETHER, singles: AT_ONCE }),
      );
    // Every other round the other way: nobody always comes after the same one.
    if (round % 2 === 0) await raw();
    await door(samples, round);
    if (round % 2 === 1) await raw();
    seen.push(samples);
  }
  await producer.stop();
  const best = bestChunk(seen);
  const names = [rawBulk(best), RAW_TOGETHER, ...WAYS.map(({ name }) => name), RAW_SINGLE];
  const rows = names.map((name) => rowOf(seen, name, rawBulk(best)));
  return { renders, rounds, at_once: AT_ONCE, best_chunk: best, rows };
}

/** The one with the best median: the best of one round would be the luckiest. */
function bestChunk(rounds: Round[]): number {
  const median = (chunk: number) =>
    spread(rounds.flatMap((round) => round.get(rawBulk(chunk))?.perSecond ?? [])).median;
  return CHUNKS.reduce((best, chunk) => (median(chunk) > median(best) ? chunk : best));
}

const WAYS = [
  { name: 'one bulk call', bulk: true, keyed: false },
  { name: 'one bulk call, with keys', bulk: true, keyed: true },
  { name: 'single calls', bulk: false, keyed: false },
  { name: 'single calls, with keys', bulk: false, keyed: true },
];

function doorOf(ground: Ground, producer: { url: string; pid: number; prefix: string }, renders: number) {
  return async (samples: Round, round: number) => {
    for (const { name, bulk, keyed } of WAYS) {
      const count = bulk ? renders : Math.ceil(renders / 4);
      const key = keyed ? `r${round}-${bulk ? 'b' : 's'}` : undefined;
      const body = bulk ? bulkBody(count, key) : Buffer.alloc(0);
      const before = await cpuOf(producer.pid);
      const seconds = bulk
        ? await bulkCall(producer.url, body, count)
        : await singleCalls(producer.url, count, AT_ONCE, key);
      const after = await cpuOf(producer.pid);
      const cpuMs = before && after && after.main + after.others - before.main - before.others;
      samples.set(name, {
        perSecond: count / seconds,
        ...(cpuMs === undefined ? {} : { cpuUs: (cpuMs * 1000) / count }),
      });
      await removeBelow(ground.redis, producer.prefix);
    }
  };
}

function addRaw(samples: Round, { bulk, together, single }: RawResult): void {
  for (const { chunk, per_second, cpu_us } of bulk) {
    samples.set(rawBulk(chunk), { perSecond: per_second, cpuUs: cpu_us });
  }
  samples.set(RAW_TOGETHER, { perSecond: together.per_second, cpuUs: together.cpu_us });
  samples.set(RAW_SINGLE, { perSecond: single.per_second, cpuUs: single.cpu_us });
}

function rowOf(rounds: Round[], name: string, against: string): RateRow {
  const samples = rounds.flatMap((round) => round.get(name) ?? []);
  const rate = (round: Round, of: string) => round.get(of)?.perSecond ?? Number.NaN;
  const cpu = samples.flatMap(({ cpuUs }) => cpuUs ?? []);
  return {
    name,
    per_second: spread(samples.map(({ perSecond }) => perSecond)),
    of_raw_bulk: spread(rounds.map((round) => rate(round, name) / rate(round, against))),
    ...(cpu.length > 0 ? { cpu_us: spread(cpu) } : {}),
  };
}
