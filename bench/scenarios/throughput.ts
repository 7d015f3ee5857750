import { enqueueRenders, waitForRenders } from '../load.ts';
import { readCpuTime, readRedisWork } from '../probes/index.ts';
import {
  type DarkroomOptions,
  startDarkroom,
  startSkeleton,
  startUpstream,
  type WorkerProcess,
} from '../processes.ts';
import type { Scenario, Size } from '../scenario.ts';
import type { IoKind } from '../skeleton-options.ts';
import { type Spread, summarizeSpread } from '../stats.ts';
import { formatNumber, formatSpread, formatTable } from '../table.ts';
import type { Workspace } from '../workspace.ts';

export interface VariantResult {
  name: string;
  renders_per_second: Spread;
  /** The ratio to the skeleton in the same round. */
  of_skeleton: Spread;
  /** CPU time per render in ms: the worker's event loop, its other threads, Redis. */
  loop_ms?: Spread;
  threads_ms?: Spread;
  redis_ms: Spread;
}

export interface ThroughputResult {
  /** Renders of a run of a slow variant. A fast variant renders several times as many, to run long enough. */
  renders: number;
  rounds: number;
  variants: VariantResult[];
}

interface Variant {
  name: string;
  /** A factor for the renders of a run: a run of the bare skeleton must last longer than its first poll. */
  weight: number;
  start(): Promise<WorkerProcess>;
}

interface Sample {
  perSecond: number;
  loop: number | undefined;
  threads: number | undefined;
  redis: number;
}

const SKELETONS: { name: string; weight: number; io: IoKind[] }[] = [
  { name: 'skeleton', weight: 5, io: [] },
  { name: '+ HTTP', weight: 4, io: ['http'] },
  { name: '+ ledger', weight: 2, io: ['ledger'] },
  { name: '+ image', weight: 1, io: ['image'] },
  { name: '+ all three', weight: 1, io: ['http', 'ledger', 'image'] },
];
const QUICK = ['skeleton', '+ all three'];
/** The shortest poll delay of Darkroom's planner. The skeleton polls after the same time. */
const POLL_DELAY_MS = 200;

/** Renders per second with an instant provider: Darkroom compared with a skeleton of the same topology. */
export const throughput: Scenario<ThroughputResult> = {
  name: 'throughput',
  report: reportThroughput,
  async run(workspace, size) {
    const renders = size.renders ?? (size.quick ? 60 : 200);
    const rounds = size.quick ? 2 : 3;
    const variants = await createVariants(workspace, size);
    const workers: Running[] = [];
    for (const { name, weight, start } of variants) {
      size.progress(`throughput: starting ${name}`);
      workers.push({ name, renders: renders * weight, worker: await start(), done: 0, samples: [] });
    }
    // Round 0 is the warm-up and does not count.
    for (let round = 0; round <= rounds; round += 1) {
      // Every second round runs in reverse order, so that no variant always follows the same one.
      for (const running of round % 2 === 0 ? workers : workers.toReversed()) {
        const sample = await measure(workspace, running, round === 0 ? 0.5 : 1);
        if (round > 0) running.samples.push(sample);
        const when = round === 0 ? 'warm-up' : `round ${round}/${rounds}`;
        size.progress(`throughput: ${when}, ${running.name}: ${sample.perSecond.toFixed(0)} renders/s`);
      }
    }
    for (const { worker } of workers) await worker.stop();
    const bare = workers[0]?.samples ?? [];
    return { renders, rounds, variants: workers.map((running) => summarizeVariant(running, bare)) };
  },
};

interface Running {
  name: string;
  worker: WorkerProcess;
  renders: number;
  /** How many renders this worker has completed. */
  done: number;
  samples: Sample[];
}

async function createVariants(workspace: Workspace, size: Size): Promise<Variant[]> {
  const upstream = await startUpstream(workspace, ['--instant']);
  const wanted = SKELETONS.filter(({ name }) => !size.quick || QUICK.includes(name));
  const skeletons = wanted.map(({ io, ...variant }) => ({
    ...variant,
    start: async () =>
      startSkeleton(workspace, {
        polls: 1,
        pollDelayMs: POLL_DELAY_MS,
        io,
        upstream,
        dataDir: await workspace.createFolder('memory'),
      }),
  }));
  const start = async () => {
    const options: DarkroomOptions = { upstream, dataDir: await workspace.createFolder('memory') };
    return startDarkroom(workspace, { ...options, cpuProfile: size.cpuProfile });
  };
  return [...skeletons, { name: 'Darkroom', weight: 1, start }];
}

async function measure(workspace: Workspace, running: Running, share: number): Promise<Sample> {
  const { worker } = running;
  const { pid } = worker.process;
  const renders = Math.ceil(running.renders * share);
  running.done += renders;
  const cpu = await readCpuTime(pid);
  const redis = await readRedisWork(workspace.redis);
  const began = performance.now();
  await enqueueRenders(workspace, worker.prefix, renders);
  await waitForRenders(workspace, worker, 'completed', running.done);
  const seconds = (performance.now() - began) / 1000;
  const cpuAfter = await readCpuTime(pid);
  const redisAfter = await readRedisWork(workspace.redis);
  return {
    perSecond: renders / seconds,
    loop: cpu && cpuAfter && (cpuAfter.main - cpu.main) / renders,
    threads: cpu && cpuAfter && (cpuAfter.others - cpu.others) / renders,
    redis: (redisAfter.cpuMs - redis.cpuMs) / renders,
  };
}

function summarizeVariant({ name, samples }: Running, bare: Sample[]): VariantResult {
  const ratios = samples.map((sample, round) => sample.perSecond / (bare[round]?.perSecond ?? Number.NaN));
  const known = (pick: (sample: Sample) => number | undefined) =>
    samples.map(pick).filter((value) => value !== undefined);
  const loop = known((sample) => sample.loop);
  const threads = known((sample) => sample.threads);
  return {
    name,
    renders_per_second: summarizeSpread(samples.map((sample) => sample.perSecond)),
    of_skeleton: summarizeSpread(ratios),
    ...(loop.length > 0 ? { loop_ms: summarizeSpread(loop), threads_ms: summarizeSpread(threads) } : {}),
    redis_ms: summarizeSpread(samples.map((sample) => sample.redis)),
  };
}

function reportThroughput({ renders, rounds, variants }: ThroughputResult): string {
  const rows = variants.map((variant) => [
    variant.name,
    formatSpread(variant.renders_per_second),
    formatSpread(variant.of_skeleton),
    formatNumber(variant.loop_ms?.median),
    formatNumber(variant.threads_ms?.median),
    formatNumber(variant.redis_ms.median),
  ]);
  const head = ['', 'renders/s', 'of skeleton', 'loop ms', 'threads ms', 'Redis ms'];
  return `Throughput: instant upstream, one poll, ${renders} renders a run (up to ${5 * renders} of the fast ones), median (lowest-highest) of ${rounds} rounds
${formatTable(head, rows)}
Times are CPU per render: the worker's event loop, its other threads, Redis.`;
}
