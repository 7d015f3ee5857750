import type { PgPool } from 'bullmq';
import type { ErrorReport } from '../error-report.ts';

/**
 * Vacuums and analyzes changed tables, because PGlite has no autovacuum. Without it, every change of a job leaves a
 * dead row, and PostgreSQL keeps query plans for empty tables when there are fifty thousand rows.
 *
 * @param everyMs between two rounds. A round without changes does nothing.
 */
export function startMaintenance(pool: PgPool, schema: string, report: ErrorReport, everyMs = 120_000) {
  let running: Promise<void> | undefined;
  let lastChanges = '';

  const vacuumChangedTables = async () => {
    const { rows } = await pool.query<{ table: string; changes: string }>(
      `SELECT quote_ident(schemaname) || '.' || quote_ident(relname) AS "table",
              (n_tup_ins + n_tup_upd + n_tup_del)::text AS changes
         FROM pg_stat_user_tables WHERE schemaname = $1 ORDER BY 1`,
      [schema],
    );
    const changes = rows.map((row) => row.changes).join();
    if (changes === lastChanges) return;
    lastChanges = changes;
    for (const { table } of rows) await pool.query(`VACUUM (ANALYZE) ${table}`);
  };
  const startRound = () => {
    running ??= vacuumChangedTables()
      .catch((error) => report(error, 'maintenance of the embedded engine'))
      .finally(() => {
        running = undefined;
      });
  };

  const timer = setInterval(startRound, everyMs);
  timer.unref();
  return {
    async stop() {
      clearInterval(timer);
      await running;
    },
  };
}
