import { setTimeout as delay } from 'node:timers/promises';
import { enqueueRenders, waitForRenders } from '../load.ts';
import {
  countSentCommands,
  type KeyBytes,
  measureKeyBytes,
  type RedisWork,
  readRedisWork,
  removeKeys,
  subtractWork,
} from '../probes/index.ts';
import { startDarkroom, startSkeleton, startUpstream, type WorkerProcess } from '../processes.ts';
import type { Scenario, Size } from '../scenario.ts';
import { formatNumber, formatTable } from '../table.ts';
import type { Workspace } from '../workspace.ts';

/** Per render. */
export interface Work {
  commands: number;
  scripts: number;
  bytes_in: number;
  bytes_out: number;
}

export interface Cost {
  name: string;
  polls_1: Work;
  polls_3: Work;
  /** The measured polls per render of the two runs. `polls_1` and `polls_3` are interpolated between them. */
  polls_measured: [number, number];
  /** Commands that a client sends per render with one poll, by name. */
  sent: Record<string, number>;
  /** Commands per second of a worker without work. A quick run does not measure it. */
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
  /** How many polls the worker has done. */
  countPolls(worker: WorkerProcess, kind: 'few' | 'many', renders: number): Promise<number>;
}

/** A worker that has just started is still busy. */
const STARTUP_MS = 1000;
/** The worker does its own checks every five seconds. A shorter measurement would include them only sometimes. */
const IDLE_MS = 5000;
const NEVER_MS = 600_000;

/** The work and the memory that one render costs Redis. */
export const engineCost: Scenario<EngineCostResult> = {
  name: 'engine-cost',
  report: reportEngineCost,
  async run(workspace, size) {
    const costs: Cost[] = [];
    for (const variant of [createSkeletonVariant(workspace), await createDarkroomVariant(workspace)]) {
      const step = (what: string) => size.progress(`engine-cost: ${variant.name}, ${what}`);
      costs.push(await measureCost(workspace, variant, size, step));
    }
    return { renders: chooseRenderCount(size), costs };
  },
};

const chooseRenderCount = (size: Size) => size.renders ?? (size.quick ? 50 : 200);

function createSkeletonVariant(workspace: Workspace): Variant {
  const polls = { few: 1, many: 3, never: 1 };
  return {
    name: 'skeleton',
    start: (kind) =>
      startSkeleton(workspace, {
        polls: polls[kind],
        io: [],
        pollDelayMs: kind === 'never' ? NEVER_MS : 200,
      }),
    countPolls: async (_worker, kind, renders) => polls[kind] * renders,
  };
}

async function createDarkroomVariant(workspace: Workspace): Promise<Variant> {
  // Tasks take far longer than the planner expects, and all of them start before the first one ends. So the planner
  // cannot learn a better poll delay.
  const flags = {
    few: ['--instant'],
    many: ['--latency', '3s,3s,3s,3s'],
    never: ['--latency', '1h,2h'],
  };
  const expected = { few: '10', many: '10', never: String(NEVER_MS) };
  return {
    name: 'Darkroom',
    start: async (kind) => {
      const upstream = await startUpstream(workspace, flags[kind]);
      const env = { EXPECTED_LATENCY_MS: expected[kind] };
      return startDarkroom(workspace, { upstream, dataDir: await workspace.createFolder('memory'), env });
    },
    countPolls: async ({ health }) => {
      const text = await (await fetch(`${health}/metrics`)).text();
      const counts = [...text.matchAll(/^darkroom_polls_total\{.*\} (\d+)/gm)].map(([, n]) => Number(n));
      if (counts.length === 0) throw new Error('the worker has no metric darkroom_polls_total');
      return counts.reduce((sum, count) => sum + count, 0);
    },
  };
}

async function measureCost(
  workspace: Workspace,
  variant: Variant,
  size: Size,
  step: (what: string) => void,
): Promise<Cost> {
  const renders = chooseRenderCount(size);
  step('waiting and delayed');
  const waiting = await measureWaitingBytes(workspace, renders);
  const late = await variant.start('never');
  await enqueueRenders(workspace, late.prefix, renders);
  await waitForRenders(workspace, late, 'delayed', renders);
  const delayed = divideByRenders(await measureKeyBytes(workspace.redis, late.prefix), renders);
  await late.stop();

  step('one poll');
  const one = await variant.start('few');
  const idle = size.quick ? undefined : await measureIdleWork(workspace);
  const few = await measureRun(workspace, variant, one, { kind: 'few', renders, idle });
  const completed = divideByRenders(await measureKeyBytes(workspace.redis, one.prefix), renders);
  const sample = Math.min(renders, 50);
  const sent = await countSentCommands(workspace.redis, async () => {
    await enqueueRenders(workspace, one.prefix, sample);
    await waitForRenders(workspace, one, 'completed', renders + sample, 500);
  });
  await one.stop();

  step('several polls');
  const several = await variant.start('many');
  const many = await measureRun(workspace, variant, several, { kind: 'many', renders, idle });
  await several.stop();
  return {
    name: variant.name,
    polls_1: interpolateWork(1, few, many),
    polls_3: interpolateWork(3, few, many),
    polls_measured: [few.polls, many.polls],
    // Rare commands, such as ZCARD and INFO, come from the bench itself.
    sent: Object.fromEntries(
      [...sent].map(([name, count]) => [name, count / sample]).filter(([, n]) => Number(n) >= 0.5),
    ),
    ...(idle ? { idle_commands_per_second: idle.commands } : {}),
    bytes: { waiting, delayed, completed },
  };
}

async function measureWaitingBytes(workspace: Workspace, renders: number): Promise<Record<string, number>> {
  const prefix = workspace.createPrefix();
  await enqueueRenders(workspace, prefix, renders);
  const bytes = divideByRenders(await measureKeyBytes(workspace.redis, prefix), renders);
  await removeKeys(workspace.redis, prefix);
  return bytes;
}

/** The work per second that a worker without renders costs Redis. */
async function measureIdleWork(workspace: Workspace): Promise<RedisWork> {
  await delay(STARTUP_MS);
  const before = await readRedisWork(workspace.redis);
  await delay(IDLE_MS);
  return scaleWork(subtractWork(before, await readRedisWork(workspace.redis)), 1000 / IDLE_MS);
}

interface Run {
  polls: number;
  work: RedisWork;
}

async function measureRun(
  workspace: Workspace,
  variant: Variant,
  worker: WorkerProcess,
  { kind, renders, idle }: { kind: 'few' | 'many'; renders: number; idle: RedisWork | undefined },
): Promise<Run> {
  const before = await readRedisWork(workspace.redis);
  const began = performance.now();
  await enqueueRenders(workspace, worker.prefix, renders);
  const own = await waitForRenders(workspace, worker, 'completed', renders, 100);
  const after = await readRedisWork(workspace.redis);
  const work = subtractWork(before, after, idle, (performance.now() - began) / 1000);
  work.commands -= own;
  return {
    polls: (await variant.countPolls(worker, kind, renders)) / renders,
    work: scaleWork(work, 1 / renders),
  };
}

const scaleWork = (work: RedisWork, by: number): RedisWork => ({
  commands: work.commands * by,
  scripts: work.scripts * by,
  bytesIn: work.bytesIn * by,
  bytesOut: work.bytesOut * by,
  cpuMs: work.cpuMs * by,
});

/** If two runs differ by fewer polls per render, they cannot show the cost of a poll. */
const MIN_POLL_DIFFERENCE = 0.5;

/** The work at `polls` polls per render, on the line through two runs with different numbers of polls. */
function interpolateWork(polls: number, few: Run, many: Run): Work {
  const differs = many.polls - few.polls >= MIN_POLL_DIFFERENCE;
  const at = (key: keyof RedisWork) => {
    const slope = differs ? (many.work[key] - few.work[key]) / (many.polls - few.polls) : Number.NaN;
    return polls === few.polls ? few.work[key] : few.work[key] + slope * (polls - few.polls);
  };
  return {
    commands: at('commands'),
    scripts: at('scripts'),
    bytes_in: at('bytesIn'),
    bytes_out: at('bytesOut'),
  };
}

function divideByRenders({ queues }: KeyBytes, renders: number): Record<string, number> {
  // A queue without jobs still has one or two keys.
  const wanted = ['render', 'submit', 'store'];
  const shares = wanted.map((name) => [name, (queues[name] ?? 0) / renders] as const);
  return Object.fromEntries(shares.filter(([, bytes]) => bytes > 10));
}

function reportEngineCost({ renders, costs }: EngineCostResult): string {
  const rows = costs.flatMap((cost) => [
    formatWork(`${cost.name}, 1 poll`, cost.polls_1),
    formatWork(`${cost.name}, 3 polls`, cost.polls_3),
  ]);
  const head = ['per render', 'commands', 'scripts', 'bytes in', 'bytes out'];
  const bytes = costs.map((cost) => [
    cost.name,
    ...(['waiting', 'delayed', 'completed'] as const).map((state) => formatBytes(cost, state)),
  ]);
  const sent = costs.map((cost) => `  ${cost.name}: ${formatSent(cost)}`);
  const idle = costs.map((cost) => `${cost.name} ${formatNumber(cost.idle_commands_per_second)}`);
  const seen = costs.map((cost) => `${cost.name} ${cost.polls_measured.map(formatNumber).join(' and ')}`);
  return `Engine cost: ${renders} renders, commands inside scripts included
${formatTable(head, rows)}
Interpolated between two runs. Polls per render in the runs: ${seen.join(', ')}.

Sent by clients per render with 1 poll (round trips, unless pipelined):
${sent.join('\n')}
Commands per second of an idle worker: ${idle.join(', ')}

${formatTable(['bytes held per render', 'waiting', 'delayed', 'completed'], bytes)}
Delayed and completed include the children that have ended (render + submit + store).`;
}

const formatWork = (name: string, work: Work) => [
  name,
  formatNumber(work.commands),
  formatNumber(work.scripts),
  formatNumber(work.bytes_in),
  formatNumber(work.bytes_out),
];

function formatBytes(cost: Cost, state: keyof Cost['bytes']): string {
  const parts = Object.values(cost.bytes[state]);
  const sum = formatNumber(parts.reduce((total, part) => total + part, 0));
  return parts.length > 1 ? `${sum} (${parts.map(formatNumber).join(' + ')})` : sum;
}

function formatSent(cost: Cost): string {
  const entries = Object.entries(cost.sent).toSorted(([, a], [, b]) => b - a);
  const total = entries.reduce((sum, [, count]) => sum + count, 0);
  return `${formatNumber(total)} (${entries.map(([name, count]) => `${name} ${formatNumber(count)}`).join(', ')})`;
}
