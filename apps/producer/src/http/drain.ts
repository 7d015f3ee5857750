import type { Clock } from '@darkroom/shared/runtime';
import type { FastifyInstance } from 'fastify';

/** How often a closing server checks whether requests are still running. */
const CHECK_EVERY_MS = 20;

/**
 * Makes the function that closes the server within `limitMs`. It accepts no more connections, waits for running
 * requests, and then drops open connections: one that never sent a request would keep Node's server open for a minute.
 *
 * @returns closes the server. Idempotent.
 */
export function createDrain(app: FastifyInstance, clock: Clock, limitMs: number): () => Promise<void> {
  let running = 0;
  app.addHook('onRequest', async (_request, reply) => {
    running++;
    // Not `onResponse`: Fastify does not call it for callers that disconnected.
    reply.raw.once('close', () => {
      running--;
    });
  });

  const drain = async () => {
    const deadline = clock.now() + limitMs;
    let closed = false;
    const closing = app.close().finally(() => {
      closed = true;
    });
    while (!closed) {
      if (running === 0 || clock.now() >= deadline) app.server.closeAllConnections();
      await Promise.race([closing, clock.sleep(CHECK_EVERY_MS)]);
    }
    await closing;
  };
  let closing: Promise<void> | undefined;
  return () => {
    closing ??= drain();
    return closing;
  };
}
