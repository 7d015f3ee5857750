import { WAIT_CAUSES } from '@darkroom/api';
import type { ExpiringImages, Queues } from '@darkroom/shared/queues';
import { listWaitCauses, type WaitConditions } from '@darkroom/shared/snapshot';
import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import { withDeadline } from '../backends/index.ts';

/** An open alarm of a scheduled catalogue. */
export interface CatalogueAlarm {
  tenant: string;
  catalogue: string;
  code: string;
}

export interface Metrics {
  recordResponse(response: { method: string; route: string; status: number; seconds: number }): void;
  recordIntake(outcome: 'accepted' | 'duplicate' | 'rejected', tenant: string, count?: number): void;
  /**
   * The metrics as text, and its content type. Does not reject when a queue is away.
   *
   * @param incomplete whether the queue may lack accepted renders. Absent: not known.
   * @param alarms open alarms of scheduled catalogues
   * @param expiring paid images that expire soon. Absent: not known.
   */
  read(
    waiting: WaitConditions,
    alarms: readonly CatalogueAlarm[],
    incomplete?: boolean,
    expiring?: ExpiringImages,
  ): Promise<{ text: string; contentType: string }>;
}

/** How long a scrape waits for the queues. */
const DEPTH_DEADLINE_MS = 2_000;

/** With a registry of its own: two producers in one process do not share metrics. */
export function createMetrics(queues: Queues): Metrics {
  const registry = new Registry();
  const registers = [registry];
  const requests = new Counter({
    name: 'darkroom_http_requests_total',
    help: 'Requests answered by the API',
    labelNames: ['method', 'route', 'status'],
    registers,
  });
  const seconds = new Histogram({
    name: 'darkroom_http_request_seconds',
    help: 'Time to answer a request',
    labelNames: ['method', 'route'],
    buckets: [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
    registers,
  });
  const renders = new Counter({
    name: 'darkroom_renders_requested_total',
    help: 'Requested renders by outcome of the request',
    labelNames: ['outcome', 'tenant'],
    registers,
  });
  const depth = new Gauge({
    name: 'darkroom_queue_jobs',
    help: 'Jobs in a queue by state',
    labelNames: ['queue', 'state'],
    registers,
  });
  const up = new Gauge({ name: 'darkroom_queue_up', help: '1 while the queue engine answers', registers });
  const complete = new Gauge({
    name: 'darkroom_queue_complete',
    help: '0 while renders are restored after a loss of the queue',
    registers,
  });
  const expiringImages = new Gauge({
    name: 'darkroom_expiring_images',
    help: 'Paid images that are not stored and expire within two hours',
    labelNames: ['state'],
    registers,
  });
  const catalogueAlarms = new Gauge({
    name: 'darkroom_catalogue_alarm',
    help: '1 while a scheduled catalogue has an open alarm',
    labelNames: ['tenant', 'catalogue', 'code'],
    registers,
  });
  const waits = new Gauge({
    name: 'darkroom_waiting',
    help: '1 while renders wait for this cause',
    labelNames: ['cause'],
    registers,
  });

  return {
    recordResponse({ method, route, status, seconds: duration }) {
      requests.inc({ method, route, status });
      seconds.observe({ method, route }, duration);
    },
    recordIntake: (outcome, tenant, count = 1) => renders.inc({ outcome, tenant }, count),
    async read(waiting, alarms, incomplete, expiring) {
      // While the queue is away its depths are unknown: the last known numbers would look like a standstill.
      depth.reset();
      const counts = await readDepths(queues);
      up.set(counts ? 1 : 0);
      if (incomplete !== undefined) complete.set(incomplete ? 0 : 1);
      for (const state of ['storing', 'failed'] as const)
        if (expiring) expiringImages.set({ state }, expiring[state].length);
      for (const { queue, state, count } of counts ?? []) depth.set({ queue, state }, count);
      catalogueAlarms.reset();
      for (const { tenant, catalogue, code } of alarms) catalogueAlarms.set({ tenant, catalogue, code }, 1);
      const causes = listWaitCauses(waiting);
      // The provider works on some render nearly always. A worker's gauge says when it does not answer.
      for (const cause of WAIT_CAUSES) {
        if (cause !== 'provider') waits.set({ cause }, causes.includes(cause) ? 1 : 0);
      }
      return { text: await registry.metrics(), contentType: registry.contentType };
    },
  };
}

type Depth = { queue: string; state: string; count: number };

async function readDepths(queues: Queues): Promise<Depth[] | undefined> {
  const depths = Object.values(queues).map(async (queue) =>
    Object.entries(await queue.getJobCounts()).map(([state, count]) => ({ queue: queue.name, state, count })),
  );
  const all = Promise.all(depths).then(
    (counts) => counts.flat(),
    () => undefined,
  );
  return await withDeadline<Depth[] | undefined>(DEPTH_DEADLINE_MS, all, () => undefined);
}
