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
let requests = 0;
const store = new Proxy<ObjectStore>(await openStore({ storeUrl: options.storeUrl, dataDir: '', clock }), {
  get: (target, name) => {
    const value: unknown = Reflect.get(target, name, target);
    if (typeof value !== 'function') return value;
    return (...args: unknown[]) => {
      requests += 1;
      return value.apply(target, args) as unknown;
    };
  },
});
const queues = openQueues(engine, { days: 7 });

const percents: number[] = [];
let early = 0;
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
      if (early === 0 && done >= total / 10) early = (await readMemory(process.pid)).rss;
    },
  },
);
const result: RestorerResult = {
  ms: performance.now() - began,
  requests,
  rss_early: early,
  rss_peak: (await readMemory(process.pid)).peak,
  progress_correct:
    percents.at(-1) === 100 && percents.every((percent, at) => percent >= (percents[at - 1] ?? 0)),
  report,
};
process.stdout.write(`${JSON.stringify(result)}\n`);
await engine.close();
