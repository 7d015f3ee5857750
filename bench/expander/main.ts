// Executes the runs of catalogues as the worker does, and no renders. Prints one JSON object when a run has ended.
import { parseSettings } from '@darkroom/shared/config';
import { openEngine } from '@darkroom/shared/engine';
import { Ledger } from '@darkroom/shared/ledger';
import { openStore } from '@darkroom/shared/object-store';
import { type CatalogueJob, openQueues, QUEUE } from '@darkroom/shared/queues';
import { systemClock as clock, createLogger, createScrub } from '@darkroom/shared/runtime';
import { createCatalogueProcessor } from '@darkroom/worker/catalogue';
import { createMetrics, type Infra } from '@darkroom/worker/stage';
import type { ExpanderOptions, ExpanderResult } from '../expander-options.ts';
import { readMemory } from '../probes/index.ts';

const options = JSON.parse(process.env['EXPANDER'] ?? '{}') as ExpanderOptions;
const settings = parseSettings({ ...process.env, DATA_DIR: options.dataDir });
const engine = await openEngine({
  queueUrl: settings.QUEUE_URL,
  dataDir: options.dataDir,
  role: 'worker',
  prefix: options.prefix,
  onError: (error) => process.stderr.write(`${String(error)}\n`),
});
const store = await openStore({ storeUrl: options.storeUrl, dataDir: '', clock });
const queues = openQueues(engine, { days: 7 });
const infra: Infra = {
  settings,
  clock,
  log: createLogger({ name: 'expander', level: 'warn', secrets: [] }),
  scrub: createScrub([]),
  store,
  ledger: new Ledger(store, clock),
  // A run of a catalogue calls no provider.
  provider: { name: 'toapis' } as Infra['provider'],
  metrics: createMetrics(),
};

const ms = { plan: 0, render: 0, deliver: 0 };
const cpuMs = { plan: 0, render: 0, deliver: 0 };
let phase: CatalogueJob['phase'] = 'plan';
let began = performance.now();
let cpu = process.cpuUsage();
const enterPhase = (next: CatalogueJob['phase'] | undefined) => {
  const { user, system } = process.cpuUsage(cpu);
  ms[phase] += performance.now() - began;
  cpuMs[phase] += (user + system) / 1000;
  began = performance.now();
  cpu = process.cpuUsage();
  if (next) phase = next;
};

const held = { first: 0, last: 0 };
const readHeld = () => {
  global.gc?.();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
};
const noteProgress = ({ phase: now, progress }: CatalogueJob) => {
  if (now !== phase) enterPhase(now);
  const ended = progress?.ended ?? 0;
  if (ended > 0 && held.first === 0) held.first = readHeld();
  if (ended >= options.measureAt && held.last === 0) held.last = readHeld();
};

const processRun = createCatalogueProcessor(infra, { engine, queues });
const worker = engine.worker<CatalogueJob, void>(QUEUE.catalogue, async (job, token, signal) => {
  enterPhase('plan');
  const update = job.updateData.bind(job);
  job.updateData = async (data) => {
    noteProgress(data);
    await update(data);
  };
  await processRun(job, token, signal);
});
worker.on('completed', () => {
  enterPhase(undefined);
  void readMemory(process.pid).then(({ peak }) => {
    const result: ExpanderResult = { ms, cpu_ms: cpuMs, held, rss_peak: peak };
    process.stdout.write(`${JSON.stringify(result)}\n`);
  });
});
await worker.waitUntilReady();
process.stdout.write('expander is running\n');
process.once('SIGTERM', () => process.exit(0));
