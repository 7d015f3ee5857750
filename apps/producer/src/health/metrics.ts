import type { Queues } from '@darkroom/shared/queues';
import { Counter, Gauge, Histogram, Registry } from 'prom-client';

export interface Metrics {
  recordResponse(answer: { method: string; route: string; status: number; seconds: number }): void;
  recordIntake(outcome: 'accepted' | 'duplicate' | 'rejected', tenant: string, count?: number): void;
  /** The page that Prometheus reads, and its content type. Never rejects because a queue is away. */
  read(): Promise<{ text: string; contentType: string }>;
}

/** How long a scrape waits for the queues. */
const DEPTH_DEADLINE_MS = 2_000;

/** A registry of this producer alone: two in one process do not share numbers. */
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
    help: 'Renders asked for, by what became of the request',
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

  return {
    recordResponse({ method, route, status, seconds: taken }) {
      requests.inc({ method, route, status });
      seconds.observe({ method, route }, taken);
    },
    recordIntake: (outcome, tenant, count = 1) => renders.inc({ outcome, tenant }, count),
    async read() {
      // Depths of a queue that does not answer are unknown: old numbers would look like a standstill.
      depth.reset();
      const counts = await readDepths(queues);
      up.set(counts ? 1 : 0);
      for (const { queue, state, count } of counts ?? []) depth.set({ queue, state }, count);
      return { text: await registry.metrics(), contentType: registry.contentType };
    },
  };
}

async function readDepths(queues: Queues) {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(resolve, DEPTH_DEADLINE_MS, undefined);
  });
  const counted = Promise.all(
    Object.values(queues).map(async (queue) =>
      Object.entries(await queue.getJobCounts()).map(([state, count]) => ({
        queue: queue.name,
        state,
        count,
      })),
    ),
  ).then(
    (counts) => counts.flat(),
    () => undefined,
  );
  try {
    return await Promise.race([counted, late]);
  } finally {
    clearTimeout(timer);
  }
}
