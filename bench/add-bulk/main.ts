// Adds render jobs with BullMQ alone. The producer's intake is compared with it.
//
// main.ts      the process
// options.ts   its options and its result
import { openEngine } from '@darkroom/shared/engine';
import { openQueues, renderJob } from '@darkroom/shared/queues';
import { Queue } from 'bullmq';
import { Redis } from 'ioredis';
import type { AddBulkOptions, AddBulkResult, AddRate } from '../add-bulk-options.ts';
import { createCheckpoint } from '../load.ts';
import { removeKeys } from '../probes/index.ts';

const { prefix, jobs, chunks, concurrentBulks, concurrentAdds } = JSON.parse(
  process.env.ADD_BULK ?? '{}',
) as AddBulkOptions;
const queueUrl = process.env.QUEUE_URL ?? '';
const connection = new Redis(queueUrl, { maxRetriesPerRequest: null });
// The job options of the producer: both must add the same jobs.
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

/** Creates the jobs before it measures, so that only BullMQ is measured. */
async function measure(count: number, add: (all: Jobs) => Promise<void>) {
  const all = Array.from({ length: count }, () => renderJob(createCheckpoint()));
  const cpu = process.cpuUsage();
  const began = performance.now();
  await add(all);
  const seconds = (performance.now() - began) / 1000;
  const { user, system } = process.cpuUsage(cpu);
  await removeKeys(connection, prefix);
  return { per_second: count / seconds, cpu_us: (user + system) / count } satisfies AddRate;
}

type Jobs = ReturnType<typeof renderJob>[];

/** Runs `atOnce` calls at the same time. The next call starts when one has ended. */
async function runConcurrently<T>(all: T[], atOnce: number, call: (one: T) => Promise<unknown>) {
  const left = all.values();
  const take = async () => {
    for (const one of left) await call(one);
  };
  await Promise.all(Array.from({ length: atOnce }, take));
}
const addInChunks =
  (size: number, atOnce = 1) =>
  (all: Jobs) => {
    const starts = Array.from({ length: Math.ceil(all.length / size) }, (_, at) => at * size);
    return runConcurrently(starts, atOnce, (start) => queue.addBulk(all.slice(start, start + size)));
  };
const addSingly = (all: Jobs) =>
  runConcurrently(all, concurrentAdds, ({ name, data, opts }) => queue.add(name, data, opts));

// Warm-up: a new process is slow.
await measure(Math.min(jobs, 3000), addInChunks(250));
await measure(Math.min(jobs, 1000), addSingly);
const bulk: AddBulkResult['bulk'] = [];
for (const chunk of chunks) bulk.push({ chunk, ...(await measure(jobs, addInChunks(chunk))) });
const overlapping = await measure(jobs, addInChunks(Math.min(...chunks), concurrentBulks));
const result: AddBulkResult = {
  bulk,
  concurrent: overlapping,
  single: await measure(Math.ceil(jobs / 4), addSingly),
};
process.stdout.write(`${JSON.stringify(result)}\n`);
await queue.close();
connection.disconnect();
