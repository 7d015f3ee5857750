import { setTimeout as delay } from 'node:timers/promises';
import { startDarkroom, startSkeleton, startUpstream, type WorkerProcess } from '../processes.ts';
import {
  between,
  bytesBelow,
  type KeyBytes,
  type RedisWork,
  redisWork,
  removeBelow,
} from '../probes/redis.ts';
import { commandsSent } from '../probes/sent-commands.ts';
import type { Ground } from '../workspace.ts';
import { enqueue, waitFor } from '../load.ts';
import { reportEngineCost } from '../report/engine-cost.ts';
import type { Scenario, Size } from './scenario.ts';

/** Per render. */
export interface Work {
  commands: number;
  scripts: number;
  bytes_in: number;
  bytes_out: number;
}

export interface Cost {
  name: string;
  looks_1: Work;
  looks_3: Work;
  /** How many polls were really taken in the two runs; the columns are the line through both. */
  looks_seen: [number, number];
  /** Commands that a client sends, by name, with one look. */
  sent: Record<string, number>;
  /** Commands per second of a worker that has nothing to do; a quick run does not wait for it. */
  idle_commands_per_second?: number;
  /** Bytes per render in this state, by queue. */
  bytes: Record<'waiting' | 'delayed' | 'completed', Record<string, number>>;
}

export interface EngineCostResult {
  renders: number;
  costs: Cost[];
}

interface Variant {
  name: string;
  start(kind: 'few' | 'many' | 'never'): Promise<WorkerProcess>;
  /** Looks that the worker took so far. */
  polls(worker: WorkerProcess, kind: 'few' | 'many', renders: number): Promise<number>;
}

/** A worker that just started is not idle yet. */
const SETTLE_MS = 1000;
/** The worker polls after itself every five seconds: shorter would see that by chance. */
const IDLE_MS = 5000;
const FOREVER_MS = 600_000;

/** What one render makes Redis do and hold. */
export const engineCost: Scenario<EngineCostResult> = {
  name: 'engine-cost',
  report: reportEngineCost,
  async run(ground, size) {
    const costs: Cost[] = [];
    for (const variant of [skeletonVariant(ground), await darkroomVariant(ground)]) {
      const step = (what: string) => size.progress(`engine-cost: ${variant.name}, ${what}`);
      costs.push(await costOf(ground, variant, size, step));
    }
    return { renders: rendersOf(size), costs };
  },
};

const rendersOf = (size: Size) => size.renders ?? (size.quick ? 50 : 200);

function skeletonVariant(ground: Ground): Variant {
  const polls = { few: 1, many: 3, never: 1 };
  return {
    name: 'skeleton',
    start: (kind) =>
      startSkeleton(ground, {
        polls: polls[kind],
        extras: [],
        pollDelayMs: kind === 'never' ? FOREVER_MS : 200,
      }),
    polls: async (_worker, kind, renders) => polls[kind] * renders,
  };
}

async function darkroomVariant(ground: Ground): Promise<Variant> {
  // A task takes far longer than the planner expects, and all are under way before the first ends: nothing is
  // learnt that would save polls.
  const flags = {
    few: ['--instant'],
    many: ['--latency', '3s,3s,3s,3s'],
    never: ['--latency', '1h,2h'],
  };
  const expected = { few: '10', many: '10', never: String(FOREVER_MS) };
  return {
    name: 'Darkroom',
    start: async (kind) => {
      const upstream = await startUpstream(ground, flags[kind]);
      const env = { EXPECTED_LATENCY_MS: expected[kind] };
      return startDarkroom(ground, { upstream, dataDir: await ground.folder('memory'), env });
    },
    polls: async ({ health }) => {
      const text = await (await fetch(`${health}/metrics`)).text();
      return [...text.matchAll(/^darkroom_looks_total\{.*\} (\d+)/gm)].reduce(
        (sum, [, n]) => sum + Number(n),
        0,
      );
    },
  };
}

async function costOf(
  ground: Ground,
  variant: Variant,
  size: Size,
  step: (what: string) => void,
): Promise<Cost> {
  const renders = rendersOf(size);
  step('waiting and delayed');
  const waiting = await waitingBytes(ground, renders);
  const late = await variant.start('never');
  await enqueue(ground, late.prefix, renders);
  await waitFor(ground, late, 'delayed', renders);
  const delayed = perRender(await bytesBelow(ground.redis, late.prefix), renders);
  await late.stop();

  step('one look');
  const one = await variant.start('few');
  const idle = size.quick ? undefined : await idleWork(ground);
  const few = await runOf(ground, variant, one, { kind: 'few', renders, idle });
  const completed = perRender(await bytesBelow(ground.redis, one.prefix), renders);
  const sample = Math.min(renders, 50);
  const sent = await commandsSent(ground.redis, async () => {
    await enqueue(ground, one.prefix, sample);
    await waitFor(ground, one, 'completed', renders + sample, 500);
  });
  await one.stop();

  step('several polls');
  const several = await variant.start('many');
  const many = await runOf(ground, variant, several, { kind: 'many', renders, idle });
  await several.stop();
  return {
    name: variant.name,
    looks_1: atLooks(1, few, many),
    looks_3: atLooks(3, few, many),
    looks_seen: [few.polls, many.polls],
    // ZCARD, INFO and the like are the bench's own.
    sent: Object.fromEntries(
      [...sent].map(([name, count]) => [name, count / sample]).filter(([, n]) => Number(n) >= 0.5),
    ),
    ...(idle ? { idle_commands_per_second: idle.commands } : {}),
    bytes: { waiting, delayed, completed },
  };
}

async function waitingBytes(ground: Ground, renders: number): Promise<Record<string, number>> {
  const prefix = ground.prefix();
  await enqueue(ground, prefix, renders);
  const bytes = perRender(await bytesBelow(ground.redis, prefix), renders);
  await removeBelow(ground.redis, prefix);
  return bytes;
}

/** What a worker does to Redis in a second when there is nothing to do. */
async function idleWork(ground: Ground): Promise<RedisWork> {
  await delay(SETTLE_MS);
  const before = await redisWork(ground.redis);
  await delay(IDLE_MS);
  return scaled(between(before, await redisWork(ground.redis)), 1000 / IDLE_MS);
}

interface Run {
  polls: number;
  work: RedisWork;
}

async function runOf(
  ground: Ground,
  variant: Variant,
  worker: WorkerProcess,
  { kind, renders, idle }: { kind: 'few' | 'many'; renders: number; idle: RedisWork | undefined },
): Promise<Run> {
  const before = await redisWork(ground.redis);
  const began = performance.now();
  await enqueue(ground, worker.prefix, renders);
  const own = await waitFor(ground, worker, 'completed', renders, 100);
  const after = await redisWork(ground.redis);
  const work = between(before, after, idle, (performance.now() - began) / 1000);
  work.commands -= own;
  return { polls: (await variant.polls(worker, kind, renders)) / renders, work: scaled(work, 1 / renders) };
}

const scaled = (work: RedisWork, by: number): RedisWork => ({
  commands: work.commands * by,
  scripts: work.scripts * by,
  bytesIn: work.bytesIn * by,
  bytesOut: work.bytesOut * by,
  cpuMs: work.cpuMs * by,
});

/** Two runs that took about as many polls tell nothing of what a look costs. */
const APART = 0.5;

/** The line through two runs with different numbers of polls, read at `polls`. */
function atLooks(polls: number, few: Run, many: Run): Work {
  const apart = many.polls - few.polls >= APART;
  const at = (key: keyof RedisWork) => {
    const slope = apart ? (many.work[key] - few.work[key]) / (many.polls - few.polls) : Number.NaN;
    return polls === few.polls ? few.work[key] : few.work[key] + slope * (polls - few.polls);
  };
  return {
    commands: at('commands'),
    scripts: at('scripts'),
    bytes_in: at('bytesIn'),
    bytes_out: at('bytesOut'),
  };
}

function perRender({ queues }: KeyBytes, renders: number): Record<string, number> {
  // A queue without jobs still has a key or two.
  const wanted = ['render', 'submit', 'store'];
  const shares = wanted.map((name) => [name, (queues[name] ?? 0) / renders] as const);
  return Object.fromEntries(shares.filter(([, bytes]) => bytes > 10));
}
