import { z } from 'zod';
import type { Endpoint } from '../../http/index.ts';
import { jsonResponse } from '../../openapi/index.ts';
import type { BalancePath, ReadBalance } from './account.ts';
import { envelopeResponses } from './envelope.ts';
import { balanceSchema, unsuccessfulSchema } from './schemas.ts';

/** `GET /v1/balance` and `GET /v1/user/balance`: the provider's own word. Its failures are 200 with `success: false`. */
export const balanceEndpoint = (account: ReadBalance, path: BalancePath): Endpoint => ({
  needs: 'read',
  doc: describeBalance(
    path === '/v1/balance' ? ['getBalance', 'of the key'] : ['getUserBalance', 'of the account'],
  ),
  run: async (_request, reply) => await reply.send(await account(path)),
});

const describeBalance = ([operationId, whose]: [string, string]) => ({
  operationId,
  tags: ['Drop-in'],
  summary: `The provider's balance, ${whose}`,
  description:
    "As the provider tells it, at most 5 seconds old. All tenants share the house's account with the provider.",
  responses: {
    '200': jsonResponse(
      "The provider's answer, or why there is none.",
      z.union([balanceSchema, unsuccessfulSchema]),
    ),
    ...envelopeResponses(),
  },
});
