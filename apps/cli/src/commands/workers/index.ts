import { type WorkerResponse, workerSchema } from '@darkroom/api';
import { Option } from 'commander';
import { defineCommand } from '../../command/index.ts';
import { formatTable, formatTime, showSafely } from '../../output/index.ts';

const FIELDS = Object.keys(workerSchema.shape);
const NAME = { name: '<name>', text: 'the name of the worker' };

const formatWorkers = (workers: readonly WorkerResponse[], now: number) =>
  formatTable(
    ['WORKER', 'STATE', 'RUNS NOW', 'VERSION', 'SINCE', 'LAST SEEN', 'DRAINED BY', 'REASON'],
    workers.map(({ name, state, active, version, since, last_seen: lastSeen, drain }) => [
      name,
      state === 'drained' ? 'drained: safe to stop' : state,
      Object.entries(active)
        .map(([queue, count]) => `${count} ${queue}`)
        .join(', ') || 'nothing',
      version,
      formatTime(since, now),
      formatTime(lastSeen, now),
      drain?.actor ?? '',
      showSafely(drain?.reason ?? ''),
    ]),
    'No worker was seen.',
  );

const listCommand = defineCommand({
  path: 'workers list',
  summary: 'List the worker processes: what each does now, and whether it is drained.',
  details:
    'draining: it takes no new jobs, and finishes those that it has. drained: it is safe to stop. lost: it was not seen for ten seconds.',
  examples: ['workers list', 'workers list --json name,state,limits'],
  fields: FIELDS,
  uses: 'api',
  page: () => 'workers',
  run: async ({ api, host }) => {
    const data = await (await api()).listWorkers();
    return { data, text: formatWorkers(data, host.clock.now()) };
  },
});

const drainCommand = defineCommand<{ reason: string }>({
  path: 'workers drain',
  summary: 'Drain a worker: it takes no new jobs, finishes those that it has, and stays alive.',
  details:
    'When its state is drained, it is safe to stop. A process that starts again has another name, and takes jobs.',
  args: [NAME],
  options: [new Option('--reason <text>', 'why').makeOptionMandatory()],
  examples: ["workers drain render-7d9f-4711-a3f2 --reason 'this machine is replaced'"],
  fields: FIELDS,
  uses: 'api',
  asks: true,
  run: async ({ args: [name = ''], options: { reason }, api, host, confirm }) => {
    const client = await api();
    await confirm(`Drain worker ${name}?`);
    const data = await client.drainWorker(name, reason);
    return { data, text: formatWorkers([data], host.clock.now()) };
  },
});

const undrainCommand = defineCommand({
  path: 'workers undrain',
  summary: 'Let a drained worker take jobs again.',
  args: [NAME],
  examples: [
    'workers undrain render-7d9f-4711-a3f2',
    'workers undrain render-7d9f-4711-a3f2 --yes --json state',
  ],
  fields: FIELDS,
  uses: 'api',
  asks: true,
  run: async ({ args: [name = ''], api, host, confirm }) => {
    const client = await api();
    await confirm(`Let worker ${name} take jobs again?`);
    const data = await client.undrainWorker(name);
    return { data, text: formatWorkers([data], host.clock.now()) };
  },
});

export const WORKER_COMMANDS = [listCommand, drainCommand, undrainCommand];
