import { join } from 'node:path';
import { PGlite } from '@electric-sql/pglite';
import {
  type BackendFactory,
  type ConnectionOptions,
  createPostgresBackend,
  type PgPool,
  type RedisQueueBackend,
  runMigrations,
} from 'bullmq';
import { RateLimiterMemory } from 'rate-limiter-flexible';
import type { Clock } from '../../runtime/index.ts';
import { createBullMQFactory } from '../bullmq-factory.ts';
import { COUNTER_WINDOW_SECONDS, createCounters } from '../counters.ts';
import { type Engine, EngineError } from '../engine.ts';
import type { ErrorReport } from '../error-report.ts';
import { withTimeout } from '../errors.ts';
import { createMemoryBudgetCounters } from '../memory-budget-counters.ts';
import { createMemoryLeases } from '../memory-leases.ts';
import { createMemoryRunTallies } from '../memory-run-tallies.ts';
import { lockFolder } from './folder-lock.ts';
import { startMaintenance } from './maintenance.ts';
import { createPglitePool } from './pool.ts';

export interface PgliteEngineOptions {
  dataDir: string;
  report: ErrorReport;
  clock: Clock;
  closeTimeoutMs: number;
}

/** The schema in which BullMQ expects its tables when it gets a pool. */
const SCHEMA = 'bullmq';

/**
 * Opens PostgreSQL inside this process, in `<dataDir>/queue`, for one process at a time. All queues, workers and events
 * share one session, so the engine is as fast as one event loop.
 *
 * @throws EngineError `locked` when another process uses the folder.
 */
export async function openPgliteEngine(options: PgliteEngineOptions): Promise<Engine> {
  const folder = join(options.dataDir, 'queue');
  const lock = lockFolder(folder, options.clock);
  let db: PGlite;
  let pool: Awaited<ReturnType<typeof createPglitePool>>;
  try {
    db = await PGlite.create(join(folder, 'pgdata'));
    pool = await createPglitePool(db);
    // Before any queue uses the session: this is the only transaction over several queries.
    await runMigrations(pool.session, SCHEMA);
    await pool.query(`SET search_path TO ${SCHEMA}`);
  } catch (error) {
    lock.release();
    throw error;
  }
  const maintenance = startMaintenance(pool, SCHEMA, options.report);

  const backend = createPostgresBackend as unknown as BackendFactory<RedisQueueBackend>;
  const getConnection = () => pool as PgPool as unknown as ConnectionOptions;
  const factory = createBullMQFactory({
    kind: 'pglite',
    prefix: SCHEMA,
    report: options.report,
    clock: options.clock,
    queueConnection: getConnection,
    workerConnection: getConnection,
    queueBackend: backend,
    workerBackend: backend,
    queueOptions: {},
  });

  let closing: Promise<void> | undefined;
  const shutDown = async () => {
    try {
      await maintenance.stop();
      await factory.close(options.closeTimeoutMs);
      await pool.end();
      // Writes a checkpoint and closes the files.
      await db.close();
    } finally {
      lock.release();
    }
  };

  return {
    kind: 'pglite',
    description: `embedded (PGlite in ${folder})`,
    queue: factory.queue,
    worker: factory.worker,
    events: factory.events,
    readJobTexts: async (queue, jobIds) => {
      const backend = factory.queue(queue).getBackend();
      return await Promise.all(jobIds.map(async (id) => (await backend.getJobData(id))?.data));
    },
    // One process at a time uses the folder. If the folder is deleted, all jobs are gone.
    readIdentity: async () => 'embedded',
    // PGlite leaves it to the operating system when files reach the disk.
    syncWrites: async () => {
      throw new EngineError('unsupported', 'the embedded engine');
    },
    readJobTimes: async (queue, state, { from, to, latestFirst = false }) => {
      const time = state === 'failed' ? 'finished_at_ms' : 'process_at_ms';
      const direction = latestFirst ? 'DESC' : 'ASC';
      const { rows } = await pool.query<{ id: string; at: string }>(
        `SELECT id, ${time} AS at FROM job WHERE queue = $1 AND state = '${state}'
          ORDER BY ${time} ${direction}, id ${direction} OFFSET $2 LIMIT $3`,
        [queue, from, to - from + 1],
      );
      return rows.map(({ id, at }) => ({ id, at: Number(at) }));
    },
    countEnded: async (queue, state, times) => {
      const { rows } = await pool.query<{ span: number; count: string }>(
        `SELECT width_bucket(finished_at_ms, $2::bigint[]) AS span, count(*) AS count FROM job
          WHERE queue = $1 AND state = '${state}' AND finished_at_ms >= $3 GROUP BY span`,
        [queue, times, times[0] ?? 0],
      );
      return times.map((_, at) => Number(rows.find(({ span }) => span === at + 1)?.count ?? 0));
    },
    readAddedJobs: async (queue, priority) => {
      const { rows } = await pool.query<{ id: string }>(
        `SELECT id FROM job WHERE queue = $1 AND state = 'waiting' AND priority = $2 ORDER BY seq`,
        [queue, priority],
      );
      return { ids: rows.map(({ id }) => id), last: undefined };
    },
    countPriorities: async (queue) => {
      const { rows } = await pool.query<{ priority: number; count: string }>(
        `SELECT priority, count(*) AS count FROM job
          WHERE queue = $1 AND state = 'waiting' AND priority > 0 GROUP BY priority ORDER BY priority`,
        [queue],
      );
      return rows.map(({ priority, count }) => ({ priority, count: Number(count) }));
    },
    readFirstJobs: async (queue, wanted) =>
      await Promise.all(
        wanted.map(async ({ priority, count }) => {
          const { rows } = await pool.query<{ id: string }>(
            `SELECT id FROM job WHERE queue = $1 AND state = 'waiting' AND priority = $2 ORDER BY seq LIMIT $3`,
            [queue, priority, count],
          );
          return rows.map(({ id }) => id);
        }),
      ),
    findPriorityPlace: async (queue, id) => {
      const { rows } = await pool.query<{ priority: number; before: string }>(
        `SELECT priority, (SELECT count(*) FROM job AS other WHERE other.queue = job.queue AND other.state = 'waiting'
            AND other.priority = job.priority AND other.seq < job.seq) AS before
          FROM job WHERE queue = $1 AND id = $2 AND state = 'waiting' AND priority > 0`,
        [queue, id],
      );
      return rows[0] && { priority: rows[0].priority, before: Number(rows[0].before) };
    },
    findExistingJobs: async (queue, jobIds) => {
      const { rows } = await pool.query<{ id: string }>(
        'SELECT id FROM job WHERE queue = $1 AND id = ANY($2)',
        [queue, jobIds],
      );
      return new Set(rows.map(({ id }) => id));
    },
    leases: createMemoryLeases(options.clock),
    budgetCounters: createMemoryBudgetCounters(),
    runTallies: createMemoryRunTallies(),
    counters: createCounters(new RateLimiterMemory({ points: 1, duration: COUNTER_WINDOW_SECONDS })),
    async ping(timeoutMs) {
      if (closing) throw new EngineError('unavailable', 'The queue engine is closed.');
      await withTimeout(timeoutMs, 'SELECT 1', pool.query('SELECT 1'));
    },
    warnings: async () => [],
    readFacts: async () => ({ server: 'PGlite', advice: [] }),
    readTime: async () => options.clock.now(),
    close() {
      closing ??= shutDown();
      return closing;
    },
  };
}
