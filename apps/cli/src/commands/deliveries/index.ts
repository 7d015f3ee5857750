import { deliverySchema } from '@darkroom/api';
import type { Delivery } from '@darkroom/client';
import { Option } from 'commander';
import { defineCommand } from '../../command/index.ts';
import { formatTable, formatTime, showSafely } from '../../output/index.ts';

const FIELDS = Object.keys(deliverySchema.shape);
const RENDER = { name: '<render-id>', text: 'the id of a render: rnd_…' };

const formatDeliveries = (deliveries: readonly Delivery[], now: number) =>
  formatTable(
    ['ID', 'EVENT', 'STATUS', 'ATTEMPTS', 'HOST', 'NEXT ATTEMPT', 'LAST ERROR'],
    deliveries.map(({ id, event, status, attempts, host, next_attempt_at: next, last_error: error }) => [
      id,
      event,
      status,
      String(attempts),
      host,
      next ? formatTime(next, now) : '',
      showSafely(error ?? ''),
    ]),
    'The render has no webhook deliveries: it has not ended, or it has no receiver.',
  );

const listCommand = defineCommand({
  path: 'deliveries list',
  summary: 'List the webhook deliveries of a render, the newest first.',
  args: [RENDER],
  examples: ['deliveries list rnd_5f1c…', 'deliveries list rnd_5f1c… --json id,status,last_error'],
  fields: FIELDS,
  uses: 'api',
  page: ([id = '']) => `renders/${encodeURIComponent(id)}`,
  run: async ({ args: [id = ''], api, host }) => {
    const data = await (await api()).renders.deliveries(id, { signal: host.signal });
    return { data, text: formatDeliveries(data, host.clock.now()) };
  },
});

const redeliverCommand = defineCommand<{ delivery?: string }>({
  path: 'deliveries redeliver',
  summary: 'Send the webhooks of the latest end of a render again.',
  details: 'The webhooks keep their ids, so a receiver can ignore one that it has processed.',
  args: [RENDER],
  options: [new Option('--delivery <id>', 'send only this delivery: msg_…')],
  examples: ['deliveries redeliver rnd_5f1c…', 'deliveries redeliver rnd_5f1c… --delivery msg_… --yes'],
  fields: FIELDS,
  uses: 'api',
  asks: true,
  run: async ({ args: [id = ''], options: { delivery }, api, host, confirm }) => {
    const { renders } = await api();
    await confirm(`Send ${delivery ?? `the webhooks of ${id}`} again?`);
    const data = await renders.redeliver(id, { delivery, signal: host.signal });
    return {
      data,
      text: `${data.length} of its webhooks are sent again.\n${formatDeliveries(data, host.clock.now())}`,
    };
  },
});

export const DELIVERY_COMMANDS = [listCommand, redeliverCommand];
