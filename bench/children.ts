import { fileURLToPath, pathToFileURL } from 'node:url';
import { freePort, type NodeProcess, spawnNode, until } from '@darkroom/testkit';
import type { Ground } from './ground.ts';
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
      ...(options.cpuProfile
        ? { NODE_OPTIONS: `--cpu-prof --cpu-prof-dir=${options.cpuProfile} --cpu-prof-interval=500` }
        : {}),
      ...options.env,
    },
  });
  const health = `http://127.0.0.1:${port}`;
  await ready(child, `${health}/readyz`);
  return { process: child, prefix, health, stop };
}

/** Waits for the worker's own word; its log is for people and may say anything. */
async function ready(child: NodeProcess, url: string): Promise<void> {
  let gone = false;
  void child.exited.then(() => (gone = true));
  const answers = async () => {
    if (gone) return true;
    return fetch(url).then((answer) => answer.ok);
  };
  await until(answers, { ...STARTED, every: 50, what: 'the worker being ready' });
  if (gone) throw new Error(`the worker ended at once:\n${child.lines.slice(-10).join('\n')}`);
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
  const entry = fileURLToPath(new URL('./pictures/main.ts', import.meta.url));
  const { child } = start(ground, entry, { args: [String(bytes)] });
  const line = await child.waitForLine('pictures at ', STARTED);
  return line.slice('pictures at '.length);
}
