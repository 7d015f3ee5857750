import type { FastifyInstance } from 'fastify';
import type { SimulatorContext } from '../context.ts';
import { toDollars } from '../money.ts';
import { applyFault } from './apply-fault.ts';

/** `GET /v1/balance` (of the key) and `/v1/user/balance` (of the account). All keys share one account. */
export function addBalanceRoutes(app: FastifyInstance, context: SimulatorContext): void {
  const config = { category: 'balance', auth: 'success_false' } as const;
  for (const path of ['/v1/balance', '/v1/user/balance']) {
    app.get(path, { config }, async (_request, reply) => {
      if (await applyFault(context, { route: 'balance' }, reply)) return reply;
      const remaining = context.account.remaining;
      return reply.send({
        success: true,
        remain_balance: remaining === null ? -1 : toDollars(remaining),
        used_balance: toDollars(context.account.used),
        unlimited_quota: remaining === null,
      });
    });
  }
}
