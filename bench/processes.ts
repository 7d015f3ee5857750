import { fileURLToPath, pathToFileURL } from 'node:url';
import { freePort, type NodeProcess, spawnNode, until } from '@darkroom/testkit';
import type { Ground } from './workspace.ts';
import type { RawOptions, RawResult } from './addbulk/options.ts';
import type { SkeletonOptions } from './skeleton/options.ts';

/** A worker under measurement, whatever it is made of. */
export interface WorkerProcess {
  process: NodeProcess;
  prefix: string;
  /** Of its health and metrics, where it has any. */
  health?: string;
  stop(): Promise<void>;
}

const SIMULATOR = import.meta.resolve('@darkroom/upstream-simulator');
const WORKER = import.meta.resolve('@darkroom/worker');
const mainBeside = (index: string) => fileURLToPath(new URL('./main.ts', index));
const PRODUCER = import.meta.resolve('@darkroom/producer');
const STARTED = { timeout: 30_000 };

function start(ground: Ground, entry: string, options: Parameters<typeof spawnNode>[1]) {
  const child = spawnNode(entry, options);
  const stop = async () => {
    // What it was doing is of no interest; whether it goes, is.
    await child.kill('SIGTERM', { timeout: 5000 }).catch(() => undefined);
  };
  ground.later(stop);
  return { child, stop };
}

/** The simulator in a process of its own: it must not take the worker's event loop. Answers its URL. */
export async function startUpstream(ground: Ground, flags: string[]): Promise<string> {
  const args = ['--port', '0', '--submit-per-second', '0', '--query-per-second', '0', '--json', '--quiet'];
  const { child } = start(ground, mainBeside(SIMULATOR), { args: [...args, ...flags] });
  const line = await child.waitForLine('"event":"started"', STARTED);
  return (JSON.parse(line) as { url: string }).url;
}

export interface DarkroomOptions {
  upstream: string;
  dataDir: string;
  env?: Record<string, string>;
  /** Folder for the CPU profile of the process. */
  cpuProfile?: string | undefined;
}

/** The worker as it is deployed: its own entry file, settings from the environment. */
export async function startDarkroom(ground: Ground, options: DarkroomOptions): Promise<WorkerProcess> {
  const prefix = ground.prefix();
  const port = await freePort();
  const { child, stop } = start(ground, mainBeside(WORKER), {
    env: {
      QUEUE_URL: ground.redisUrl,
      QUEUE_PREFIX: prefix.slice(1, -1),
      DATA_DIR: options.dataDir,
      STORE_URL: pathToFileURL(`${options.dataDir}/store`).href,
      TOAPIS_BASE_URL: options.upstream,
      TOAPIS_API_KEY: 'sim-key',
      // As high as they go: the upstream's quota is not what is measured.
      TOAPIS_SUBMIT_PER_SECOND: '1000',
      TOAPIS_QUERY_PER_SECOND: '10000',
      EXPECTED_LATENCY_MS: '10',
      ALLOW_PRIVATE_HOSTS: 'true',
      RESULT_HOSTS: '127.0.0.1',
      WORKER_PORT: String(port),
      ...profiled(options.cpuProfile),
      ...options.env,
    },
  });
  const health = `http://127.0.0.1:${port}`;
  await ready(child, `${health}/readyz`);
  return { process: child, prefix, health, stop };
}

export interface ProducerProcess {
  url: string;
  pid: number;
  prefix: string;
  /** Where its inspector listens, when it was started with one. */
  inspector(): Promise<string>;
  stop(): Promise<void>;
}

/** The producer as it is deployed, without keys. */
export async function startProducer(
  ground: Ground,
  env: Record<string, string> = {},
): Promise<ProducerProcess> {
  const prefix = ground.prefix();
  const port = await freePort();
  const dataDir = await ground.folder('memory');
  const { child, stop } = start(ground, mainBeside(PRODUCER), {
    env: {
      QUEUE_URL: ground.redisUrl,
      QUEUE_PREFIX: prefix.slice(1, -1),
      DATA_DIR: dataDir,
      STORE_URL: pathToFileURL(`${dataDir}/store`).href,
      PORT: String(port),
      ...env,
    },
  });
  const url = `http://127.0.0.1:${port}`;
  await ready(child, `${url}/readyz`);
  const inspector = async () => {
    const line = await child.waitForLine('Debugger listening on ws://', STARTED);
    return line.slice(line.indexOf('ws://'));
  };
  return { url, pid: child.pid, prefix, inspector, stop };
}

/** What makes Node write CPU profiles. */
export const profiled = (folder: string | undefined): Record<string, string> =>
  folder ? { NODE_OPTIONS: `--cpu-prof --cpu-prof-dir=${folder} --cpu-prof-interval=500` } : {};

/** Adds jobs with BullMQ alone, prints what it took as one line of JSON, and ends. */
export async function runRaw(ground: Ground, options: Omit<RawOptions, 'prefix'>): Promise<RawResult> {
  const entry = fileURLToPath(new URL('./addbulk/main.ts', import.meta.url));
  const { child, stop } = start(ground, entry, {
    env: { QUEUE_URL: ground.redisUrl, RAW: JSON.stringify({ ...options, prefix: ground.prefix() }) },
  });
  const line = await child.waitForLine('{"bulk":', { timeout: 60_000 });
  await stop();
  return JSON.parse(line) as RawResult;
}

/** A bare BullMQ worker that completes the renders below a prefix after some time. */
export async function startFinisher(ground: Ground, prefix: string, afterMs: number): Promise<void> {
  const entry = fileURLToPath(new URL('./fake-worker/main.ts', import.meta.url));
  const { child } = start(ground, entry, {
    env: { QUEUE_URL: ground.redisUrl, FINISHER: JSON.stringify({ prefix, afterMs }) },
  });
  await child.waitForLine('finisher is running', STARTED);
}

/** Waits for a service's own word; its log is for people and may say anything. */
async function ready(child: NodeProcess, url: string): Promise<void> {
  let gone = false;
  void child.exited.then(() => (gone = true));
  const answers = async () => {
    if (gone) return true;
    return fetch(url).then((answer) => answer.ok);
  };
  await until(answers, { ...STARTED, every: 50, what: 'the service being ready' });
  if (gone) throw new Error(`the service ended at once:\n${child.lines.slice(-10).join('\n')}`);
}

/** The bare BullMQ worker that Darkroom is compared with. */
export async function startSkeleton(
  ground: Ground,
  options: Omit<SkeletonOptions, 'prefix'>,
): Promise<WorkerProcess> {
  const prefix = ground.prefix();
  const entry = fileURLToPath(new URL('./skeleton/main.ts', import.meta.url));
  const { child, stop } = start(ground, entry, {
    env: { QUEUE_URL: ground.redisUrl, SKELETON: JSON.stringify({ ...options, prefix }) },
  });
  await child.waitForLine('skeleton is running', STARTED);
  return { process: child, prefix, stop };
}

/** A server that answers every URL with one large picture of real pixels. Answers its URL. */
export async function startPictures(ground: Ground, bytes: number): Promise<string> {
  const entry = fileURLToPath(new URL('./image-host/main.ts', import.meta.url));
  const { child } = start(ground, entry, { args: [String(bytes)] });
  const line = await child.waitForLine('pictures at ', STARTED);
  return line.slice('pictures at '.length);
}
