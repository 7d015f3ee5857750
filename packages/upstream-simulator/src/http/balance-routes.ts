import type { FastifyInstance } from 'fastify';
import type { World } from '../context.ts';
import { dollars } from '../money.ts';
import { struck } from './apply-fault.ts';

/** `GET /v1/balance` (of the key) and `/v1/user/balance` (of the account). All keys share one account. */
export function balanceRoutes(app: FastifyInstance, world: World): void {
  const config = { category: 'balance', auth: 'success_false' } as const;
  for (const path of ['/v1/balance', '/v1/user/balance']) {
    app.get(path, { config }, async (_request, reply) => {
      if (await struck(world, { route: 'balance' }, reply)) return reply;
      const remaining = world.account.remaining;
      return reply.send({
        success: true,
        remain_balance: remaining === null ? -1 : dollars(remaining),
        used_balance: dollars(world.account.used),
        unlimited_quota: remaining === null,
      });
    });
  }
}
