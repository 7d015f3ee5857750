import { FAILURE_CODES } from '@darkroom/api';
import { REPAIRS } from '@darkroom/shared/queues';
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';

/** The worker's Prometheus metrics. Each worker has its own registry, so two workers in one process do not mix. */
export function createMetrics() {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const registers = [registry];
  const counter = (name: string, help: string, labelNames: string[] = []) =>
    new Counter({ name: `darkroom_${name}`, help, labelNames, registers });
  const metrics = {
    registry,
    submissions: counter('submissions_total', 'POSTs to the provider, by answer', ['answer']),
    unknownSubmissions: counter('submissions_unknown_total', 'Submissions whose outcome is unknown'),
    spend: counter('spend_dollars_total', 'Purchases by configured prices, by amount', ['amount']),
    spendCorrections: counter(
      'spend_corrections_dollars_total',
      'Purchases that left an amount for another; subtract them from darkroom_spend_dollars_total',
      ['amount'],
    ),
    polls: counter('polls_total', 'Polls of tasks at the provider, by answer', ['answer']),
    unknownStatuses: counter('unknown_statuses_total', 'Status answers with an undocumented status'),
    downloads: counter('downloads_total', 'Downloads of results, by answer', ['answer']),
    storedBytes: counter('stored_bytes_total', 'Bytes of images put into the store'),
    renders: counter('renders_total', 'Renders that ended, by outcome', ['outcome']),
    deadLetters: counter('dead_letters_total', 'Dead letters written, by reason', ['code']),
    webhooks: counter('webhooks_total', 'Tries to send a webhook, by outcome', ['outcome']),
    webhookWaits: counter(
      'webhook_waits_total',
      'Times that a webhook was deferred because its host had no free slot',
    ),
    webhookDeadLetters: counter('webhook_dead_letters_total', 'Webhooks that became dead letters'),
    accountStops: counter(
      'account_stops_total',
      'Times that submissions were paused because the account cannot buy',
      ['reason'],
    ),
    engineChanges: counter(
      'engine_changes_total',
      'Times that this worker found the queue engine restarted, replaced or emptied',
    ),
    repairs: counter('sweep_repairs_total', 'What sweeps repaired, by kind', ['repair']),
    redrives: counter('redrives_total', 'Redrives that this worker ended, by outcome', ['outcome']),
    catalogueRuns: counter('catalogue_runs_total', 'Runs of catalogues that this worker ended, by outcome', [
      'outcome',
    ]),
    batches: counter('batches_total', 'Batches that this worker ended, by outcome', ['outcome']),
    restores: counter('restores_total', 'Restores that this worker completed, by outcome', ['outcome']),
    restored: counter('restored_renders_total', 'Renders that restores added again, by step', ['step']),
    limits: new Gauge({
      name: 'darkroom_limit',
      help: 'The value of each limit that this worker has applied',
      labelNames: ['limit'],
      registers,
    }),
    drained: new Gauge({
      name: 'darkroom_drain',
      help: '0: this worker takes jobs; 1: it is draining; 2: it is drained',
      registers,
    }),
    waiting: new Gauge({
      name: 'darkroom_waiting',
      help: '1 while renders wait for this cause',
      labelNames: ['cause'],
      registers,
    }),
    renderSeconds: new Histogram({
      name: 'darkroom_render_seconds',
      help: 'Seconds from the acceptance of a render to its stored image',
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
  // Prometheus takes the first value of a counter for no increase, so the counters of alerts begin at 0.
  for (const code of FAILURE_CODES) metrics.deadLetters.inc({ code }, 0);
  for (const repair of REPAIRS) metrics.repairs.inc({ repair }, 0);
  for (const reason of ['unauthorized', 'insufficient_quota']) metrics.accountStops.inc({ reason }, 0);
  metrics.redrives.inc({ outcome: 'partial' }, 0);
  for (const outcome of ['partial', 'stopped']) metrics.catalogueRuns.inc({ outcome }, 0);
  for (const outcome of ['failed', 'expired']) metrics.batches.inc({ outcome }, 0);
  metrics.restores.inc({ outcome: 'renders_added' }, 0);
  return metrics;
}

export type Metrics = ReturnType<typeof createMetrics>;
