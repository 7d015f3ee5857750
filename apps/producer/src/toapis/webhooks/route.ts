import type { FastifyInstance, FastifyRequest } from 'fastify';
import { getBodyBytes, parseBodiesAsBytes, registerEndpoints } from '../../http/index.ts';
import { parseJson } from '../../intake/index.ts';
import { ProblemError } from '../../problems/index.ts';
import { applyProviderEvent } from './apply-event.ts';
import { type EventDeps, eventSchema } from './event.ts';
import { checkSignature } from './signature.ts';

/** Bytes. It is read before anybody knows whose it is: an event has a few thousand. */
const MAX_EVENT_BYTES = 256 * 1024;

/** `POST /v1/webhooks/toapis`. Only with a secret: an unsigned webhook could be anybody's. */
export function registerWebhooks(app: FastifyInstance, secrets: readonly string[], deps: EventDeps): void {
  if (secrets.length === 0) return;
  app.register(async (scope) => {
    parseBodiesAsBytes(scope);
    registerEndpoints(scope, '/v1/webhooks/toapis', {
      POST: {
        needs: 'anyone',
        bodyLimit: MAX_EVENT_BYTES,
        run: async (request, reply) => {
          const body = getBodyBytes(request);
          const refused = checkSignature(
            {
              id: readHeader(request, 'x-toapis-webhook-id'),
              timestamp: readHeader(request, 'x-toapis-webhook-timestamp'),
              signature: readHeader(request, 'x-toapis-webhook-signature'),
              body,
            },
            secrets,
            deps.now(),
          );
          if (refused) throw new ProblemError('webhook_refused', `This webhook is not taken: ${refused}.`);
          const event = eventSchema.safeParse(tryParseJson(body));
          // Signed and yet not of a form we know: nothing that telling again would mend.
          if (!event.success) return await reply.code(202).send({ outcome: 'ignored' });
          const outcome = await applyProviderEvent(event.data, deps);
          request.log.info({ renderId: event.data.data.client_business_id, outcome }, 'provider webhook');
          // Only a 2xx counts with the provider: anything else has it tell again, later.
          return await reply.code(outcome === 'early' ? 503 : 200).send({ outcome });
        },
      },
    });
  });
}

function tryParseJson(body: Buffer): unknown {
  try {
    return parseJson(body);
  } catch {
    return undefined;
  }
}

const readHeader = (request: FastifyRequest, name: string) => {
  const value = request.headers[name];
  return Array.isArray(value) ? value[0] : value;
};
