import {
  type DarkroomOptions,
  startDarkroom,
  startSkeleton,
  startUpstream,
  type WorkerProcess,
} from '../processes.ts';
import { cpuOf } from '../probes/process.ts';
import { redisWork } from '../probes/redis.ts';
import type { Ground } from '../workspace.ts';
import { enqueue, waitFor } from '../load.ts';
import { reportThroughput } from '../report/throughput.ts';
import type { Extra } from '../skeleton/options.ts';
import { type Spread, spread } from '../stats.ts';
import type { Scenario, Size } from './scenario.ts';

export interface VariantResult {
  name: string;
  renders_per_second: Spread;
  /** Against the skeleton in the same round. */
  of_skeleton: Spread;
  /** CPU time per render in ms: the worker's event loop, its other threads, Redis. */
  loop_ms?: Spread;
  threads_ms?: Spread;
  redis_ms: Spread;
}

export interface ThroughputResult {
  /** In each run of the slow variants; the fast ones take several times as many, to run long enough. */
  renders: number;
  rounds: number;
  variants: VariantResult[];
}

interface Variant {
  name: string;
  /** Renders in a run, as a multiple: a run of the bare skeleton must not be over at its first poll. */
  weight: number;
  start(): Promise<WorkerProcess>;
}

interface Sample {
  perSecond: number;
  loop: number | undefined;
  threads: number | undefined;
  redis: number;
}

const SKELETONS: { name: string; weight: number; extras: Extra[] }[] = [
  { name: 'skeleton', weight: 5, extras: [] },
  { name: '+ HTTP', weight: 4, extras: ['http'] },
  { name: '+ ledger', weight: 2, extras: ['ledger'] },
  { name: '+ image', weight: 1, extras: ['image'] },
  { name: '+ all three', weight: 1, extras: ['http', 'ledger', 'image'] },
];
const QUICK = ['skeleton', '+ all three'];
/** What the planner's closest look is; the skeleton polls after the same time. */
const POLL_DELAY_MS = 200;

/** Renders per second with an instant upstream, Darkroom against a skeleton of the same topology. */
export const throughput: Scenario<ThroughputResult> = {
  name: 'throughput',
  report: reportThroughput,
  async run(ground, size) {
    const renders = size.renders ?? (size.quick ? 60 : 200);
    const rounds = size.quick ? 2 : 3;
    const variants = await variantsOf(ground, size);
    const workers: Running[] = [];
    for (const { name, weight, start } of variants) {
      size.progress(`throughput: starting ${name}`);
      workers.push({ name, renders: renders * weight, worker: await start(), done: 0, samples: [] });
    }
    // Round 0 warms up and is not counted.
    for (let round = 0; round <= rounds; round += 1) {
      // Every other round backwards: nobody always comes after the same one.
      for (const running of round % 2 === 0 ? workers : workers.toReversed()) {
        const sample = await measure(ground, running, round === 0 ? 0.5 : 1);
        if (round > 0) running.samples.push(sample);
        const when = round === 0 ? 'warm-up' : `round ${round}/${rounds}`;
        size.progress(`throughput: ${when}, ${running.name}: ${sample.perSecond.toFixed(0)} renders/s`);
      }
    }
    for (const { worker } of workers) await worker.stop();
    const bare = workers[0]?.samples ?? [];
    return { renders, rounds, variants: workers.map((running) => summary(running, bare)) };
  },
};

interface Running {
  name: string;
  worker: WorkerProcess;
  renders: number;
  /** Renders that this worker has completed so far. */
  done: number;
  samples: Sample[];
}

async function variantsOf(ground: Ground, size: Size): Promise<Variant[]> {
  const upstream = await startUpstream(ground, ['--instant']);
  const wanted = SKELETONS.filter(({ name }) => !size.quick || QUICK.includes(name));
  const skeletons = wanted.map(({ extras, ...variant }) => ({
    ...variant,
    start: async () =>
      startSkeleton(ground, {
        polls: 1,
        pollDelayMs: POLL_DELAY_MS,
        extras,
        upstream,
        dataDir: await ground.folder('memory'),
      }),
  }));
  const start = async () => {
    const options: DarkroomOptions = { upstream, dataDir: await ground.folder('memory') };
    return startDarkroom(ground, { ...options, cpuProfile: size.cpuProfile });
  };
  return [...skeletons, { name: 'Darkroom', weight: 1, start }];
}

async function measure(ground: Ground, running: Running, share: number): Promise<Sample> {
  const { worker } = running;
  const { pid } = worker.process;
  const renders = Math.ceil(running.renders * share);
  running.done += renders;
  const cpu = await cpuOf(pid);
  const redis = await redisWork(ground.redis);
  const began = performance.now();
  await enqueue(ground, worker.prefix, renders);
  await waitFor(ground, worker, 'completed', running.done);
  const seconds = (performance.now() - began) / 1000;
  const cpuAfter = await cpuOf(pid);
  const redisAfter = await redisWork(ground.redis);
  return {
    perSecond: renders / seconds,
    loop: cpu && cpuAfter && (cpuAfter.main - cpu.main) / renders,
    threads: cpu && cpuAfter && (cpuAfter.others - cpu.others) / renders,
    redis: (redisAfter.cpuMs - redis.cpuMs) / renders,
  };
}

function summary({ name, samples }: Running, bare: Sample[]): VariantResult {
  const ratios = samples.map((sample, round) => sample.perSecond / (bare[round]?.perSecond ?? Number.NaN));
  const known = (pick: (sample: Sample) => number | undefined) =>
    samples.map(pick).filter((value) => value !== undefined);
  const loop = known((sample) => sample.loop);
  const threads = known((sample) => sample.threads);
  return {
    name,
    renders_per_second: spread(samples.map((sample) => sample.perSecond)),
    of_skeleton: spread(ratios),
    ...(loop.length > 0 ? { loop_ms: spread(loop), threads_ms: spread(threads) } : {}),
    redis_ms: spread(samples.map((sample) => sample.redis)),
  };
}
