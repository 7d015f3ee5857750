import { describeSettings, SHARED_QUEUE } from '@darkroom/shared/config';
import { runService } from '@darkroom/shared/service';
import { startWorker } from './start-worker.ts';

const UNUSED_SETTINGS = [
  'API_RATE_PER_SECOND',
  'MAX_WAITING_PER_KEY',
  'MAX_CONNECTIONS',
  'BODY_TIMEOUT_MS',
  'ANONYMOUS_BODY_TIMEOUT_MS',
  'MAX_BODY_BYTES',
  'TOAPIS_WEBHOOK_SECRET',
];

await runService({
  name: 'worker',
  purpose: 'Takes renders from the queue: buys, polls, stores, sends webhooks. Run as many as you like.',
  reads: describeSettings()
    .map((setting) => setting.name)
    .filter((name) => !UNUSED_SETTINGS.includes(name)),
  // The embedded engine lives in one process, so a separate worker cannot share it.
  needs: {
    always: { QUEUE_URL: SHARED_QUEUE, TOAPIS_API_KEY: "the provider's API key" },
    production: ['STORE_URL'],
  },
  start: async (parts) => {
    const worker = await startWorker(parts);
    return { announce: `Darkroom works; health at ${worker.url}/healthz`, close: () => worker.close() };
  },
});
