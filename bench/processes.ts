import { rm } from 'node:fs/promises';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { freePort, type NodeProcess, spawnNode, until } from '@darkroom/testkit';
import type { AddBulkOptions, AddBulkResult } from './add-bulk-options.ts';
import type { DecoderOptions, DecoderResult } from './decoder-options.ts';
import type { ExpanderOptions, ExpanderResult } from './expander-options.ts';
import type { PlannerOptions, PlannerResult } from './planner-options.ts';
import type { RestorerOptions, RestorerResult } from './restorer-options.ts';
import type { SkeletonOptions } from './skeleton-options.ts';
import type { Workspace } from './workspace.ts';

/** A worker that the bench measures: Darkroom's or a skeleton. */
export interface WorkerProcess {
  process: NodeProcess;
  prefix: string;
  /** The URL of its health checks and metrics. A skeleton has none. */
  health?: string;
  stop(): Promise<void>;
}

const SIMULATOR = import.meta.resolve('@darkroom/upstream-simulator');
const WORKER = import.meta.resolve('@darkroom/worker');
const findMain = (index: string) => fileURLToPath(new URL('./main.ts', index));
const PRODUCER = import.meta.resolve('@darkroom/producer');
const STARTED = { timeout: 30_000 };
/** As infra/Dockerfile sets it. With V8's default, the heap for new objects alone grows to 96 MB. */
const YOUNG_HEAP = '--max-semi-space-size=16';
/** What is held too long ends the process. */
const EXPANDER_HEAP_MEGABYTES = 96;

function startProcess(workspace: Workspace, entry: string, options: Parameters<typeof spawnNode>[1]) {
  const child = spawnNode(entry, options);
  const stop = async () => {
    // The process must end, but its exit code does not matter.
    await child.kill('SIGTERM', { timeout: 5000 }).catch(() => undefined);
  };
  workspace.onClose(stop);
  return { child, stop };
}

/** Starts the simulator in an own process, because it must not use the worker's event loop. @returns its URL. */
export async function startUpstream(workspace: Workspace, flags: string[]): Promise<string> {
  const args = ['--port', '0', '--submit-per-second', '0', '--query-per-second', '0', '--json', '--quiet'];
  const { child } = startProcess(workspace, findMain(SIMULATOR), { args: [...args, ...flags] });
  const line = await child.waitForLine('"event":"started"', STARTED);
  return (JSON.parse(line) as { url: string }).url;
}

export interface DarkroomOptions {
  upstream: string;
  dataDir: string;
  env?: Record<string, string>;
  /** @default a new one */
  prefix?: string;
  /** The folder for the CPU profile of the process. */
  cpuProfile?: string | undefined;
}

/** Starts the worker as in production: with its own entry file and settings from the environment. */
export async function startDarkroom(workspace: Workspace, options: DarkroomOptions): Promise<WorkerProcess> {
  const prefix = options.prefix ?? workspace.createPrefix();
  const port = await freePort();
  const { child, stop } = startProcess(workspace, findMain(WORKER), {
    env: {
      QUEUE_URL: workspace.redisUrl,
      QUEUE_PREFIX: prefix.slice(1, -1),
      DATA_DIR: options.dataDir,
      STORE_URL: pathToFileURL(`${options.dataDir}/store`).href,
      TOAPIS_BASE_URL: options.upstream,
      TOAPIS_API_KEY: 'sim-key',
      // The highest possible quotas: the bench does not measure the provider's quota.
      TOAPIS_SUBMIT_PER_SECOND: '1000',
      TOAPIS_QUERY_PER_SECOND: '10000',
      EXPECTED_LATENCY_MS: '10',
      ALLOW_PRIVATE_HOSTS: 'true',
      RESULT_HOSTS: '127.0.0.1',
      WORKER_PORT: String(port),
      ...cpuProfileEnv(options.cpuProfile),
      ...options.env,
    },
  });
  const health = `http://127.0.0.1:${port}`;
  await waitUntilReady(child, `${health}/readyz`);
  return { process: child, prefix, health, stop };
}

export interface ProducerProcess {
  url: string;
  pid: number;
  prefix: string;
  /** Deletes the entries of its journal. */
  removeJournal(): Promise<void>;
  /** The URL of its inspector, if it was started with one. */
  inspector(): Promise<string>;
  stop(): Promise<void>;
}

/** Starts the producer as in production, without API keys. */
export async function startProducer(
  workspace: Workspace,
  env: Record<string, string> = {},
): Promise<ProducerProcess> {
  const prefix = workspace.createPrefix();
  const port = await freePort();
  const dataDir = await workspace.createFolder('memory');
  const { child, stop } = startProcess(workspace, findMain(PRODUCER), {
    env: {
      QUEUE_URL: workspace.redisUrl,
      QUEUE_PREFIX: prefix.slice(1, -1),
      DATA_DIR: dataDir,
      STORE_URL: pathToFileURL(`${dataDir}/store`).href,
      PORT: String(port),
      ...env,
    },
  });
  const url = `http://127.0.0.1:${port}`;
  await waitUntilReady(child, `${url}/readyz`);
  const inspector = async () => {
    const line = await child.waitForLine('Debugger listening on ws://', STARTED);
    return line.slice(line.indexOf('ws://'));
  };
  const removeJournal = () => rm(`${dataDir}/store/objects/intake`, { recursive: true, force: true });
  return { url, pid: child.pid, prefix, removeJournal, inspector, stop };
}

/** The environment that makes Node write CPU profiles. */
export const cpuProfileEnv = (folder: string | undefined): Record<string, string> =>
  folder ? { NODE_OPTIONS: `--cpu-prof --cpu-prof-dir=${folder} --cpu-prof-interval=500` } : {};

/** Runs a process that adds jobs with BullMQ alone. @returns its measurements. */
export async function runAddBulk(
  workspace: Workspace,
  options: Omit<AddBulkOptions, 'prefix'>,
): Promise<AddBulkResult> {
  const entry = fileURLToPath(new URL('./add-bulk/main.ts', import.meta.url));
  const { child, stop } = startProcess(workspace, entry, {
    env: {
      QUEUE_URL: workspace.redisUrl,
      ADD_BULK: JSON.stringify({ ...options, prefix: workspace.createPrefix() }),
    },
  });
  const line = await child.waitForLine('{"bulk":', { timeout: 60_000 });
  await stop();
  return JSON.parse(line) as AddBulkResult;
}

/** Starts a bare BullMQ worker that completes the renders below a prefix after some time. */
export async function startFakeWorker(workspace: Workspace, prefix: string, afterMs: number): Promise<void> {
  const entry = fileURLToPath(new URL('./fake-worker/main.ts', import.meta.url));
  const { child } = startProcess(workspace, entry, {
    env: { QUEUE_URL: workspace.redisUrl, FAKE_WORKER: JSON.stringify({ prefix, afterMs }) },
  });
  await child.waitForLine('fake worker is running', STARTED);
}

/** Starts a bare BullMQ worker that ends renders at once: it writes their receipts, and one of 100 fails. */
export async function startRenderEnder(
  workspace: Workspace,
  options: { prefix: string; storeUrl: string },
): Promise<() => Promise<void>> {
  const entry = fileURLToPath(new URL('./render-ender/main.ts', import.meta.url));
  const { child, stop } = startProcess(workspace, entry, {
    env: { QUEUE_URL: workspace.redisUrl, RENDER_ENDER: JSON.stringify(options) },
  });
  await child.waitForLine('render ender is running', STARTED);
  return stop;
}

/** Starts a process that executes the runs of catalogues, and no renders. */
export async function startExpander(workspace: Workspace, options: ExpanderOptions) {
  const entry = fileURLToPath(new URL('./expander/main.ts', import.meta.url));
  const { child, stop } = startProcess(workspace, entry, {
    env: {
      QUEUE_URL: workspace.redisUrl,
      EXPANDER: JSON.stringify(options),
      NODE_OPTIONS: `${YOUNG_HEAP} --max-old-space-size=${EXPANDER_HEAP_MEGABYTES} --expose-gc`,
    },
  });
  await child.waitForLine('expander is running', STARTED);
  return {
    /** Waits for the end of a run. */
    readResult: async () => {
      const line = await child.waitForLine('{"ms":', { timeout: 1_200_000 });
      return JSON.parse(line) as ExpanderResult;
    },
    stop,
  };
}

/** Waits until `/readyz` answers 200. The log is for people and may change. */
async function waitUntilReady(child: NodeProcess, url: string): Promise<void> {
  let ended = false;
  void child.exited.then(() => (ended = true));
  const isReady = async () => {
    if (ended) return true;
    return fetch(url).then((answer) => answer.ok);
  };
  await until(isReady, { ...STARTED, every: 50, what: 'the readiness of the service' });
  if (ended) throw new Error(`the service ended at once:\n${child.lines.slice(-10).join('\n')}`);
}

/** Starts the bare BullMQ worker that Darkroom is compared with. */
export async function startSkeleton(
  workspace: Workspace,
  options: Omit<SkeletonOptions, 'prefix'>,
): Promise<WorkerProcess> {
  const prefix = workspace.createPrefix();
  const entry = fileURLToPath(new URL('./skeleton/main.ts', import.meta.url));
  const { child, stop } = startProcess(workspace, entry, {
    env: { QUEUE_URL: workspace.redisUrl, SKELETON: JSON.stringify({ ...options, prefix }) },
  });
  await child.waitForLine('skeleton is running', STARTED);
  return { process: child, prefix, stop };
}

/** Starts a server that answers every URL with one large image. @returns its URL. */
export async function startImageHost(workspace: Workspace, bytes: number): Promise<string> {
  const entry = fileURLToPath(new URL('./image-host/main.ts', import.meta.url));
  const { child } = startProcess(workspace, entry, { args: [String(bytes)] });
  const line = await child.waitForLine('images at ', STARTED);
  return line.slice('images at '.length);
}

/**
 * Runs a process that restores one queue. @param heapMegabytes the limit of its old generation: without one, V8 keeps
 * garbage. @returns its measurements.
 */
export async function runRestorer(
  workspace: Workspace,
  options: RestorerOptions,
  heapMegabytes: number,
): Promise<RestorerResult> {
  const entry = fileURLToPath(new URL('./restorer/main.ts', import.meta.url));
  const { child, stop } = startProcess(workspace, entry, {
    env: {
      QUEUE_URL: workspace.redisUrl,
      RESTORER: JSON.stringify(options),
      NODE_OPTIONS: `--max-old-space-size=${heapMegabytes}${options.measureHeld ? ' --expose-gc' : ''}`,
    },
  });
  const line = await child.waitForLine('{"ms":', { timeout: 600_000 });
  await stop();
  return JSON.parse(line) as RestorerResult;
}

/**
 * Runs a process that plans one catalogue. @param heapMegabytes the limit of its old generation: without one, V8 keeps
 * garbage. @returns its measurements.
 */
export async function runPlanner(
  workspace: Workspace,
  options: PlannerOptions,
  heapMegabytes: number,
): Promise<PlannerResult> {
  const entry = fileURLToPath(new URL('./planner/main.ts', import.meta.url));
  const { child, stop } = startProcess(workspace, entry, {
    env: {
      PLANNER: JSON.stringify(options),
      NODE_OPTIONS: `${YOUNG_HEAP} --max-old-space-size=${heapMegabytes}${options.measureHeld ? ' --expose-gc' : ''}`,
    },
  });
  const line = await child.waitForLine('{"ms":', { timeout: 300_000 });
  await stop();
  return JSON.parse(line) as PlannerResult;
}

/** Runs a process that only decodes images. @returns its measurements. */
export async function runDecoder(workspace: Workspace, options: DecoderOptions): Promise<DecoderResult> {
  const entry = fileURLToPath(new URL('./decoder/main.ts', import.meta.url));
  const { child, stop } = startProcess(workspace, entry, { env: { DECODER: JSON.stringify(options) } });
  const line = await child.waitForLine('{"ms":', { timeout: 300_000 });
  await stop();
  return JSON.parse(line) as DecoderResult;
}
