import { z } from 'zod';
import type { Endpoint } from '../../endpoint.ts';
import { jsonResponse } from '../../openapi/index.ts';
import type { BalancePath, ReadBalance } from './account.ts';
import { envelopeResponses } from './envelope.ts';
import { balanceSchema, unsuccessfulSchema } from './schemas.ts';

/** `GET /v1/balance` and `GET /v1/user/balance`: ToAPIs' own response. A failure is 200 with `success: false`. */
export const balanceEndpoint = (readBalance: ReadBalance, path: BalancePath): Endpoint => ({
  needs: 'read',
  doc:
    path === '/v1/balance'
      ? describeBalance('getBalance', 'key')
      : describeBalance('getUserBalance', 'account'),
  run: async (_request, reply) => await reply.send(await readBalance(path)),
});

const describeBalance = (operationId: string, owner: 'key' | 'account') => ({
  operationId,
  tags: ['Drop-in'],
  summary: `Get the provider's balance of the ${owner}`,
  description:
    "The provider's response, at most 5 seconds old. All tenants share the deployment's account with the provider.",
  responses: {
    '200': jsonResponse(
      "The provider's response, or why there is none.",
      z.union([balanceSchema, unsuccessfulSchema]),
    ),
    ...envelopeResponses(),
  },
});
