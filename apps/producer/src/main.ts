import { SHARED_QUEUE } from '@darkroom/shared/config';
import { runService } from '@darkroom/shared/service';
import { startProducer } from './start-producer.ts';

await runService({
  name: 'producer',
  purpose: 'Accepts renders over HTTP, reports their state, and shows the queues at /queues.',
  reads: [
    'NODE_ENV',
    'PUBLIC_URL',
    'API_KEYS',
    'API_RATE_PER_SECOND',
    'WRONG_KEYS_PER_MINUTE',
    'MAX_WAITING_PER_KEY',
    'MAX_CONNECTIONS',
    'BODY_TIMEOUT_MS',
    'ANONYMOUS_BODY_TIMEOUT_MS',
    'HOST',
    'PORT',
    'LOG_LEVEL',
    'DATA_DIR',
    'QUEUE_URL',
    'QUEUE_PREFIX',
    'STORE_URL',
    'INTAKE_JOURNAL',
    'INTAKE_JOURNAL_WAIT_MS',
    'INTAKE_WITHOUT_STORE',
    'QUEUE_SYNC',
    'S3_ENDPOINT',
    'AWS_REGION',
    'SHUTDOWN_TIMEOUT_MS',
    'RETENTION_DAYS',
    'MAX_BODY_BYTES',
    'TOAPIS_WEBHOOK_SECRET',
    'TOAPIS_BASE_URL',
    'TOAPIS_API_KEY',
    'WEBHOOK_URLS',
    'WEBHOOK_SECRETS',
    'ALLOW_PRIVATE_HOSTS',
    'PRICES',
  ],
  // The embedded engine belongs to one process: the renders of a separate producer would have no worker.
  needs: { always: { QUEUE_URL: SHARED_QUEUE }, production: ['STORE_URL'] },
  start: async (parts) => {
    const producer = await startProducer(parts);
    return {
      announce: `Darkroom accepts renders at ${producer.url}; dashboard: ${producer.url}/queues`,
      close: () => producer.close(),
    };
  },
});
