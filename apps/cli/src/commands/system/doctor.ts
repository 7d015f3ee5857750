import { listSecrets } from '@darkroom/shared/config';
import { createScrub } from '@darkroom/shared/runtime';
import { Option } from 'commander';
import { defineCommand } from '../../command/index.ts';
import { type Check, checkApi, examine, formatReport } from '../../doctor/index.ts';
import { EXIT } from '../../exit-codes.ts';

interface Options {
  webhook?: string;
  settings?: true;
}

export const doctorCommand = defineCommand<Options>({
  path: 'doctor',
  summary: 'Check settings, queue, store, provider, webhook receivers and workers. Each line has a remedy.',
  details:
    'It connects to Redis, to the store and to the provider itself: set QUEUE_URL, STORE_URL, TOAPIS_API_KEY and the ' +
    'credentials of the store, as for a worker. It changes nothing, besides probes below probe/ that it deletes. ' +
    'The exit code is 1 if a check fails.',
  options: [
    new Option('--webhook <url>', 'check this receiver, too'),
    new Option('--settings', 'list all settings, not only those of the environment'),
  ],
  examples: ['doctor', 'doctor --webhook https://shop.example.com/hooks', 'doctor --json name,status,remedy'],
  fields: ['name', 'status', 'message', 'remedy', 'details'],
  uses: 'api',
  run: async ({ options: { webhook, settings }, host, api, style }) => {
    const producer = await api();
    const isChosen = Boolean(host.env.DARKROOM_URL);
    const found = [
      ...(await examine(host, { webhook, showAll: settings === true })),
      await checkApi(producer, { url: producer.pageUrl(''), isChosen }),
    ];
    const scrub = createScrub(listSecrets(host.env));
    const checks = found.map((check): Check => ({ ...check, message: scrub(check.message) }));
    const failed = checks.some(({ status }) => status === 'fail');
    return { data: checks, text: formatReport(checks, style), exitCode: failed ? EXIT.failure : EXIT.ok };
  },
});
