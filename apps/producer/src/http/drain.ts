import type { Clock } from '@darkroom/shared/runtime';
import type { FastifyInstance } from 'fastify';

/** How often a closing server looks whether it still has something to answer. */
const CHECK_EVERY_MS = 20;

/**
 * Makes a server that can be closed in time. Closing takes no more connections, lets requests end that run,
 * and then drops what is open: a connection that never sent a request would keep Node's server for a minute.
 *
 * @returns closes; resolves after `limitMs` at the latest. Idempotent.
 */
export function createDrain(app: FastifyInstance, clock: Clock, limitMs: number): () => Promise<void> {
  let running = 0;
  app.addHook('onRequest', async (_request, reply) => {
    running++;
    // Not `onResponse`: it is not told of callers that went away.
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
