import { PAUSABLE_QUEUES } from '@darkroom/api';
import type { FastifyInstance } from 'fastify';
import { describeCaller } from '../access/index.ts';
import type { RenderQueue } from '../backends/index.ts';

const CHANGE = /\/api\/queues\/(:queueName\/)?(pause|resume)$/;

/** Records who paused a queue on the dashboard. Bull Board only pauses it. */
export function recordPauses(scope: FastifyInstance, queue: RenderQueue, now: () => number): void {
  scope.addHook('onSend', async (request, reply) => {
    const [, one, change] = CHANGE.exec(request.routeOptions.url ?? '') ?? [];
    if (change === undefined || request.method === 'GET' || reply.statusCode !== 200) return;
    const { queueName } = request.params as { queueName?: string };
    const names = one ? PAUSABLE_QUEUES.filter((name) => name === queueName) : PAUSABLE_QUEUES;
    const actor = describeCaller(request.caller);
    const reason = 'paused on the dashboard';
    for (const name of names) {
      await (change === 'pause' ? queue.pause(name, { actor, reason, now: now() }) : queue.resume(name));
      request.log.warn({ queue: name, actor }, `queue ${change}d on the dashboard`);
    }
  });
}
