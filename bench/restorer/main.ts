// Restores one queue and prints one JSON object. Every call to the store is counted.
import { getRenderPrice, parseSettings } from '@darkroom/shared/config';
import { openEngine } from '@darkroom/shared/engine';
import { Ledger } from '@darkroom/shared/ledger';
import { type ObjectStore, openStore } from '@darkroom/shared/object-store';
import { openQueues } from '@darkroom/shared/queues';
import { systemClock as clock, createLogger } from '@darkroom/shared/runtime';
import { restoreQueue } from '@darkroom/worker/restore';
import { readMemory } from '../probes/index.ts';
import type { RestorerOptions, RestorerResult } from '../restorer-options.ts';

const options = JSON.parse(process.env['RESTORER'] ?? '{}') as RestorerOptions;
const settings = parseSettings({ ...process.env, DATA_DIR: options.dataDir });
const engine = await openEngine({
  queueUrl: settings.QUEUE_URL,
  dataDir: options.dataDir,
  role: 'worker',
  prefix: options.prefix,
  onError: (error) => process.stderr.write(`${String(error)}\n`),
});
/** Requests to the store between two measurements. Each is at another point of a group of renders. */
const MEASURE_EVERY = 1_000;
const held: number[] = [];
const measureHeld = () => {
  global.gc?.();
  const { heapUsed, external } = process.memoryUsage();
  held.push(heapUsed + external);
};
let requests = 0;
const store = new Proxy<ObjectStore>(await openStore({ storeUrl: options.storeUrl, dataDir: '', clock }), {
  get: (target, name) => {
    const value: unknown = Reflect.get(target, name, target);
    if (typeof value !== 'function') return value;
    return (...args: unknown[]) => {
      requests += 1;
      if (options.measureHeld && requests % MEASURE_EVERY === 0) measureHeld();
      return value.apply(target, args) as unknown;
    };
  },
});
const queues = openQueues(engine, { days: 7 });

const percents: number[] = [];
const began = performance.now();
const report = await restoreQueue(
  {
    settings,
    engine,
    queues,
    store,
    clock,
    log: createLogger({ name: 'restorer', level: 'warn', secrets: [] }),
    ledger: new Ledger(store, clock),
    provider: { priceMicros: ({ resolution }) => getRenderPrice(settings, resolution) },
    enqueueWebhooks: async () => undefined,
  },
  {
    apply: true,
    signal: new AbortController().signal,
    onGroup: async (_, { total, done }) => {
      percents.push((100 * done) / total);
    },
  },
);
const result: RestorerResult = {
  ms: performance.now() - began,
  requests,
  held,
  rss_peak: (await readMemory(process.pid)).peak,
  progress_correct:
    percents.at(-1) === 100 && percents.every((percent, at) => percent >= (percents[at - 1] ?? 0)),
  report,
};
process.stdout.write(`${JSON.stringify(result)}\n`);
await engine.close();
