import { PAUSABLE_QUEUES, type QueueResponse, queueSchema } from '@darkroom/api';
import { Option } from 'commander';
import { defineCommand } from '../../command/index.ts';
import { formatTable, formatTime, showSafely } from '../../output/index.ts';

const FIELDS = Object.keys(queueSchema.shape);
const QUEUE = { name: '<queue>', text: 'the queue', choices: PAUSABLE_QUEUES };

const formatQueues = (queues: readonly QueueResponse[], now: number) =>
  formatTable(
    ['QUEUE', 'STATE', 'BY', 'SINCE', 'REASON'],
    queues.map(({ name, paused }) => [
      name,
      paused ? 'paused' : 'runs',
      paused?.actor ?? '',
      paused?.since ? formatTime(paused.since, now) : '',
      showSafely(paused?.reason ?? ''),
    ]),
    'There are no queues.',
  );

const listCommand = defineCommand({
  path: 'queues list',
  summary: 'List the queues that can be paused, and their pauses.',
  examples: ['queues list', 'queues list --json name,paused'],
  fields: FIELDS,
  uses: 'api',
  page: () => 'queues',
  run: async ({ api, host }) => {
    const data = await (await api()).listQueues();
    return { data, text: formatQueues(data, host.clock.now()) };
  },
});

const pauseCommand = defineCommand<{ reason: string }>({
  path: 'pause',
  summary: 'Pause a queue. Running jobs finish, and nothing is lost. No worker ends a pause.',
  args: [QUEUE],
  options: [new Option('--reason <text>', 'why; callers of waiting renders see it').makeOptionMandatory()],
  examples: [
    "pause submit --reason 'the provider has an outage'",
    "pause webhook --reason 'receiver moves' --yes",
  ],
  fields: FIELDS,
  uses: 'api',
  asks: true,
  run: async ({ args: [queue = ''], options: { reason }, api, host, confirm }) => {
    const client = await api();
    await confirm(`Pause the queue ${queue} for all tenants?`);
    const data = await client.pauseQueue(queue, reason);
    return { data, text: formatQueues([data], host.clock.now()) };
  },
});

const resumeCommand = defineCommand({
  path: 'resume',
  summary: "End an operator's pause of a queue.",
  args: [QUEUE],
  examples: ['resume submit', 'resume submit --yes --json name,paused'],
  fields: FIELDS,
  uses: 'api',
  asks: true,
  run: async ({ args: [queue = ''], api, host, confirm }) => {
    const client = await api();
    await confirm(`Resume the queue ${queue}?`);
    const data = await client.resumeQueue(queue);
    return { data, text: formatQueues([data], host.clock.now()) };
  },
});

export const QUEUE_COMMANDS = [listCommand, pauseCommand, resumeCommand];
