import { Writable } from 'node:stream';
import { problemSchema } from '@darkroom/api';
import { listSecrets, parseSettings, type Settings } from '@darkroom/shared/config';
import { type Engine, openEngine } from '@darkroom/shared/engine';
import { Ledger } from '@darkroom/shared/ledger';
import { type ObjectStore, openStore } from '@darkroom/shared/object-store';
import { openQueues, type Queues } from '@darkroom/shared/queues';
import { createLogger, systemClock } from '@darkroom/shared/runtime';
import { appendToRun, cleanup, databaseDir, service, tempDir, uniquePrefix } from '@darkroom/testkit';
import sharp from 'sharp';
import { expect } from 'vitest';
import { type ProducerDeps, type RunningProducer, startProducer } from '../../src/index.ts';

/** A running producer with a real queue, a folder as the store, and real HTTP. */
export interface Harness {
  url: string;
  producer: RunningProducer;
  engine: Engine;
  queues: Queues;
  store: ObjectStore;
  ledger: Ledger;
  /** The log lines so far. */
  logs(): string;
  get(path: string, headers?: Record<string, string>): Promise<Response>;
  post(body: unknown, headers?: Record<string, string>): Promise<Response>;
  bulk(body: unknown, headers?: Record<string, string>): Promise<Response>;
  /** Jobs in the render queue, in any state. */
  jobCount(): Promise<number>;
  /** Objects in the store. */
  objectCount(): Promise<number>;
}

export async function openHarness(
  options: {
    /** A Redis, or `embedded`. @default the Redis of this run */
    queueUrl?: string;
    /** @default a prefix of its own */
    prefix?: string;
    /** `s3://…` in the S3 of this run. @default a folder */
    storeUrl?: string;
    settings?: Partial<Settings>;
    wrap?: (deps: ProducerDeps) => ProducerDeps;
  } = {},
): Promise<Harness> {
  const queueUrl = options.queueUrl ?? service('redis').url;
  const dataDir = await (queueUrl === 'embedded' ? databaseDir(openEngine) : tempDir());
  const engine = await openEngine({
    ...(queueUrl === 'embedded' ? {} : { queueUrl }),
    dataDir,
    role: 'producer',
    prefix: options.prefix ?? uniquePrefix(),
    onError: () => undefined,
  });
  cleanup(() => engine.close());
  const { storeUrl } = options;
  const s3 = storeUrl ? { storeUrl, s3: service('s3') } : {};
  const store = await openStore({ dataDir, clock: systemClock, ...s3 });
  cleanup(() => store.close());
  const lines: string[] = [];
  const settings = { ...parseSettings({ DATA_DIR: dataDir }), PORT: 0, ...options.settings };
  const destination = new Writable({
    write(chunk, _encoding, done) {
      lines.push(String(chunk));
      // Added to the output of the run, which is searched for secrets at the end.
      appendToRun('[producer]', String(chunk).trimEnd());
      done();
    },
  });
  const logger = createLogger({ name: 'producer', level: 'debug', destination });
  const { QUEUE_URL, TOAPIS_API_KEY } = settings;
  const secrets = listSecrets({ QUEUE_URL, TOAPIS_API_KEY });
  const deps = { settings, engine, store, logger, clock: systemClock, secrets };
  const queues = openQueues(engine, { days: 1 });
  const producer = await startProducer(options.wrap?.(deps) ?? deps);
  cleanup(() => producer.close());
  const send =
    (path: string) =>
    (body: unknown, headers: Record<string, string> = {}) =>
      fetch(`${producer.url}${path}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        body: body instanceof Uint8Array ? Buffer.from(body) : textOf(body),
      });
  return {
    url: producer.url,
    producer,
    engine,
    queues,
    store,
    ledger: new Ledger(store, systemClock),
    logs: () => lines.join(''),
    get: (path, headers = {}) => fetch(`${producer.url}${path}`, { headers, redirect: 'manual' }),
    post: send('/v1/renders'),
    bulk: send('/v1/renders/bulk'),
    jobCount: async () =>
      Object.values(await queues.render.getJobCounts()).reduce((sum, count) => sum + count, 0),
    objectCount: async () => (await store.list({ prefix: '' })).objects.length,
  };
}

const textOf = (body: unknown) => (typeof body === 'string' ? body : JSON.stringify(body));

/** The problem of a response, checked against its schema. */
export async function readProblem(response: Response) {
  expect(response.headers.get('content-type')).toBe('application/problem+json; charset=utf-8');
  const problem = problemSchema.parse(await response.json());
  expect(problem.status).toBe(response.status);
  return problem;
}

/** A real image as a data URI. */
export async function createImageUri(
  format: 'png' | 'jpeg' | 'webp',
  width = 8,
  height = 8,
  tint = 0,
): Promise<string> {
  const bytes = await sharp({ create: { width, height, channels: 3, background: { r: tint, g: 90, b: 30 } } })
    .toFormat(format)
    .toBuffer();
  return `data:image/${format};base64,${bytes.toString('base64')}`;
}
