import { EventEmitter } from 'node:events';
import { setImmediate as yieldToEventLoop } from 'node:timers/promises';
import type { PGlite } from '@electric-sql/pglite';
import { createPgConfig } from '@electric-sql/pglite/node-postgres';
import type { PgPool, PgPoolClient, PgQueryResult } from 'bullmq';
import pg from 'pg';

/**
 * PGlite as the `pg.Pool` that BullMQ expects.
 *
 * PGlite has one session, and its node-postgres connection is one real `pg.Client`. A `pg.Pool` over it does not work,
 * because every worker keeps one client of the pool for LISTEN while others query. So every client here is the same
 * session. That is safe while no transaction spans several queries. BullMQ has such transactions only in its
 * migrations, and these run before any other query (see pglite-engine.ts).
 */
export async function createPglitePool(db: PGlite): Promise<PgPool & { session: pg.Client }> {
  const session = new pg.Client(createPgConfig(db));
  await session.connect();
  const clients = new Set<EventEmitter>();
  session.on('notification', (message) => {
    for (const client of clients) client.emit('notification', message);
  });

  const names = new Map<string, string>();
  let lastQuery: Promise<unknown> = Promise.resolve();
  const query = <R>(text: string, params?: readonly unknown[]): Promise<PgQueryResult<R>> => {
    const result = lastQuery.then(async () => {
      // PGlite answers in microtasks alone. Without a turn of the event loop between queries, timers, sockets and
      // signals would wait as long as there is work.
      await yieldToEventLoop();
      if (!params) return await session.query(text);
      // BullMQ has a fixed set of statements. Prepared statements take less than half the time.
      const name = names.get(text) ?? `s${names.size}`;
      names.set(text, name);
      return await session.query({ name, text, values: [...params] });
    });
    lastQuery = result.catch(() => undefined);
    return result as Promise<PgQueryResult<R>>;
  };

  const connect = async (): Promise<PgPoolClient> => {
    const client = new EventEmitter();
    clients.add(client);
    return Object.assign(client, {
      query,
      release: () => {
        clients.delete(client);
      },
    }) as PgPoolClient;
  };

  // Each queue and worker listens for errors: more listeners than Node allows without a warning.
  return Object.assign(new EventEmitter().setMaxListeners(0), {
    session,
    query,
    connect,
    end: async () => {
      await lastQuery;
      await session.end();
    },
  }) as PgPool & { session: pg.Client };
}
