import { type QueueResponse, queueSchema } from '@darkroom/api';
import { defineCommand } from '../../command/index.ts';
import { formatTable, formatTime, showSafely } from '../../output/index.ts';

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

export const listQueuesCommand = defineCommand({
  path: 'queues list',
  summary: 'List the queues that can be paused, and their pauses.',
  examples: ['queues list', 'queues list --json name,paused'],
  fields: Object.keys(queueSchema.shape),
  uses: 'api',
  page: () => 'queues',
  run: async ({ api, host }) => {
    const data = await (await api()).listQueues();
    return { data, text: formatQueues(data, host.clock.now()) };
  },
});
