// pglite-engine.ts  the embedded engine: PostgreSQL inside this process
// pool.ts           PGlite as the `pg.Pool` that BullMQ expects
// folder-lock.ts    keeps a folder for one process
// maintenance.ts    vacuums tables, because PGlite has no autovacuum
export { openPgliteEngine } from './pglite-engine.ts';
