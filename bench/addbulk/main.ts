// Adds render jobs with BullMQ alone: what the door is measured against.
//
// main.ts      the process
// options.ts   what it can be told, and what it tells
import { openEngine } from '@darkroom/shared/engine';
import { openQueues, renderJob } from '@darkroom/shared/queues';
import { Queue } from 'bullmq';
import { Redis } from 'ioredis';
import { removeBelow } from '../probes/redis.ts';
import { newCheckpoint } from '../load.ts';
import type { RawOptions, RawRate, RawResult } from './options.ts';

const { prefix, jobs, chunks, together, singles } = JSON.parse(process.env.RAW ?? '{}') as RawOptions;
const queueUrl = process.env.QUEUE_URL ?? '';
const connection = new Redis(queueUrl, { maxRetriesPerRequest: null });
// The very jobs that the door adds: their options are part of them.
const engine = await openEngine({
  queueUrl,
  dataDir: '',
  role: 'producer',
  prefix,
  onError: () => undefined,
});
const defaultJobOptions = openQueues(engine, { days: 7 }).render.jobsOpts;
await engine.close();
const queue = new Queue('render', { connection, prefix, defaultJobOptions });

/** The jobs are there before the clock runs: all that is measured is BullMQ. */
async function measure(count: number, add: (all: Jobs) => Promise<void>) {
  const all = Array.from({ length: count }, () => renderJob(newCheckpoint()));
  const cpu = process.cpuUsage();
  const began = performance.now();
  await add(all);
  const seconds = (performance.now() - began) / 1000;
  const { user, system } = process.cpuUsage(cpu);
  await removeBelow(connection, prefix);
  return { per_second: count / seconds, cpu_us: (user + system) / count } satisfies RawRate;
}

type Jobs = ReturnType<typeof renderJob>[];

/** Some calls at a time, each begun when one before has ended. */
async function sideBySide<T>(all: T[], atOnce: number, call: (one: T) => Promise<unknown>) {
  const left = all.values();
  const take = async () => {
    for (const one of left) await call(one);
  };
  await Promise.all(Array.from({ length: atOnce }, take));
}
const inChunks =
  (size: number, atOnce = 1) =>
  (all: Jobs) => {
    const starts = Array.from({ length: Math.ceil(all.length / size) }, (_, at) => at * size);
    return sideBySide(starts, atOnce, (start) => queue.addBulk(all.slice(start, start + size)));
  };
const oneByOne = (all: Jobs) =>
  sideBySide(all, singles, ({ name, data, opts }) => queue.add(name, data, opts));

// A process that has just begun is slow.
await measure(Math.min(jobs, 3000), inChunks(250));
await measure(Math.min(jobs, 1000), oneByOne);
const bulk: RawResult['bulk'] = [];
for (const chunk of chunks) bulk.push({ chunk, ...(await measure(jobs, inChunks(chunk))) });
const overlapping = await measure(jobs, inChunks(Math.min(...chunks), together));
const result: RawResult = {
  bulk,
  together: overlapping,
  single: await measure(Math.ceil(jobs / 4), oneByOne),
};
process.stdout.write(`${JSON.stringify(result)}\n`);
await queue.close();
connection.disconnect();
