import type { FastifyInstance } from 'fastify';
import {
  type BodyKind,
  parseBodiesAsBytes,
  passNdjsonThrough,
  registerEndpoints,
  requireBodyKind,
} from '../http/index.ts';
import { bulkEndpoint } from './bulk/endpoint.ts';
import { cancelEndpoint } from './cancel.ts';
import { createEndpoint } from './create.ts';
import { deliveriesEndpoint, redeliverEndpoint } from './deliveries.ts';
import type { RenderCreateDeps, RenderReadDeps } from './deps.ts';
import { eventsEndpoint } from './events.ts';
import { getEndpoint } from './get.ts';
import { imageEndpoint, thumbnailEndpoint } from './image.ts';
import { listEndpoint } from './list.ts';

/** Everything below `/v1/renders`. */
export function registerRenders(app: FastifyInstance, intake: RenderCreateDeps, look: RenderReadDeps): void {
  acceptBodies(app, ['json'], (scope) => {
    registerEndpoints(scope, '/v1/renders', { GET: listEndpoint(look), POST: createEndpoint(intake) });
  });
  acceptBodies(app, ['json', 'ndjson'], (scope) => {
    passNdjsonThrough(scope);
    registerEndpoints(scope, '/v1/renders/bulk', { POST: bulkEndpoint(intake) });
  });
  registerEndpoints(app, '/v1/renders/:id', { GET: getEndpoint(look) });
  registerEndpoints(app, '/v1/renders/:id/image', { GET: imageEndpoint(look) });
  registerEndpoints(app, '/v1/renders/:id/events', { GET: eventsEndpoint(look) });
  app.register(async (scope) => {
    // Nothing need be said, in whatever kind of body.
    parseBodiesAsBytes(scope);
    registerEndpoints(scope, '/v1/renders/:id/cancel', { POST: cancelEndpoint(look) });
    registerEndpoints(scope, '/v1/renders/:id/deliveries/redeliver', { POST: redeliverEndpoint(look) });
  });
  registerEndpoints(app, '/v1/renders/:id/deliveries', { GET: deliveriesEndpoint(look) });
  registerEndpoints(app, '/v1/renders/:id/thumbnail', { GET: thumbnailEndpoint(look) });
}

/** Addresses whose bodies come as bytes of these kinds. */
function acceptBodies(
  app: FastifyInstance,
  kinds: BodyKind[],
  routes: (scope: FastifyInstance) => void,
): void {
  app.register(async (scope) => {
    parseBodiesAsBytes(scope);
    scope.addHook('onRequest', async (request) => {
      if (request.method === 'POST') requireBodyKind(request, kinds);
    });
    routes(scope);
  });
}
