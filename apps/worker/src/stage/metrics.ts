import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';

/** The worker's numbers. One registry per worker: two of them in one process do not mix. */
export function createMetrics() {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const registers = [registry];
  const counter = (name: string, help: string, labelNames: string[] = []) =>
    new Counter({ name: `darkroom_${name}`, help, labelNames, registers });
  return {
    registry,
    submissions: counter('submissions_total', 'POSTs to the provider by what came of them', ['answer']),
    unknownSubmissions: counter('submissions_unknown_total', 'Submissions whose outcome nobody knows'),
    polls: counter('polls_total', 'Status queries by what they told', ['answer']),
    unknownStatuses: counter('unknown_statuses_total', 'Status answers with an undocumented status'),
    downloads: counter('downloads_total', 'Result downloads by what came of them', ['answer']),
    storedBytes: counter('stored_bytes_total', 'Bytes of images put into the store'),
    renders: counter('renders_total', 'Renders that ended, by how', ['outcome']),
    deadLetters: counter('dead_letters_total', 'Dead letters written, by reason', ['code']),
    webhooks: counter('webhooks_total', 'Webhooks by what came of a try', ['outcome']),
    webhookWaits: counter(
      'webhook_waits_total',
      'Times that a webhook was put back because its receiver had enough under way',
    ),
    webhookDeadLetters: counter('webhook_dead_letters_total', 'Webhooks that nobody took'),
    accountStops: counter('account_stops_total', 'Times that submissions were paused for the account', [
      'reason',
    ]),
    renderSeconds: new Histogram({
      name: 'darkroom_render_seconds',
      help: 'From acceptance at the door to the stored image',
      buckets: [1, 5, 10, 20, 30, 60, 90, 120, 300, 600, 1800, 3600],
      registers,
    }),
    queueJobs: new Gauge({
      name: 'darkroom_queue_jobs',
      help: 'Jobs per queue and state',
      labelNames: ['queue', 'state'],
      registers,
    }),
  };
}

export type Metrics = ReturnType<typeof createMetrics>;
