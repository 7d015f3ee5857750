import type { Settings } from '@darkroom/shared/config';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { registerEndpoints } from '../../endpoint.ts';
import { getBodyBytes, parseBodiesAsBytes } from '../../http/index.ts';
import { parseJson } from '../../intake/index.ts';
import { ProblemError } from '../../problems/index.ts';
import { applyProviderEvent } from './apply-event.ts';
import { type EventDeps, eventSchema } from './event.ts';
import { findSignatureError } from './signature.ts';

/** Maximum size of an event. It is read before its signature is checked; a real event has a few thousand bytes. */
const MAX_EVENT_BYTES = 256 * 1024;

/** One secret, or the new and the old one while they are rotated. */
export const listWebhookSecrets = (settings: Settings): string[] =>
  (settings.TOAPIS_WEBHOOK_SECRET ?? '')
    .split(',')
    .map((secret) => secret.trim())
    .filter(Boolean);

/** `POST /v1/webhooks/toapis`. Exists only with a secret: without one, any caller could send events. */
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
          const signatureError = findSignatureError(
            {
              id: readHeader(request, 'x-toapis-webhook-id'),
              timestamp: readHeader(request, 'x-toapis-webhook-timestamp'),
              signature: readHeader(request, 'x-toapis-webhook-signature'),
              body,
            },
            secrets,
            deps.now(),
          );
          if (signatureError) {
            throw new ProblemError('webhook_refused', `This webhook is rejected: ${signatureError}.`);
          }
          const event = eventSchema.safeParse(tryParseJson(body));
          // Signed, but of an unknown form. A retry would not change that, so the webhook is acknowledged.
          if (!event.success) return await reply.code(202).send({ outcome: 'ignored' });
          const outcome = await applyProviderEvent(event.data, deps);
          request.log.info(
            { renderId: event.data.data.client_business_id, outcome },
            'provider webhook received',
          );
          // ToAPIs sends a webhook again, later, until it gets a 2xx.
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
