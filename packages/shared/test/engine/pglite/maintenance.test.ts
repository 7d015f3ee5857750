import { cleanup, until } from '@darkroom/testkit';
import { PGlite } from '@electric-sql/pglite';
import { expect, test } from 'vitest';
import { startMaintenance } from '../../../src/engine/pglite/maintenance.ts';
import { createPglitePool } from '../../../src/engine/pglite/pool.ts';

test('the embedded engine vacuums dead rows while it runs', async () => {
  const db = await PGlite.create();
  cleanup(() => db.close());
  const pool = await createPglitePool(db);
  await pool.query('CREATE SCHEMA q');
  await pool.query('CREATE TABLE q.job (id int PRIMARY KEY, data text)');
  await pool.query("INSERT INTO q.job SELECT n, 'new' FROM generate_series(1, 200) n");
  const failures: unknown[] = [];
  const maintenance = startMaintenance(pool, 'q', (error) => failures.push(error), 20);
  await pool.query("UPDATE q.job SET data = 'changed'");
  const vacuums = 'SELECT vacuum_count::int AS n FROM pg_stat_user_tables WHERE relname = $1';
  await until(async () => (await pool.query<{ n: number }>(vacuums, ['job'])).rows[0]?.n);
  await maintenance.stop();
  expect(failures).toEqual([]);
});
