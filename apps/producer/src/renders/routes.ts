import type { FastifyInstance } from 'fastify';
import { type BodyKind, bodyKind, leaveStreams, readBytes, resource } from '../http/index.ts';
import { bulkEndpoint } from './bulk/endpoint.ts';
import { cancelEndpoint } from './cancel.ts';
import { createEndpoint } from './create.ts';
import { deliveriesEndpoint, redeliverEndpoint } from './deliveries.ts';
import type { IntakeDeps, LookDeps } from './deps.ts';
import { eventsEndpoint } from './events.ts';
import { showEndpoint } from './get.ts';
import { imageEndpoint, thumbnailEndpoint } from './image.ts';
import { listEndpoint } from './list.ts';

/** Everything below `/v1/renders`. */
export function rendersRoutes(app: FastifyInstance, intake: IntakeDeps, look: LookDeps): void {
  withBodies(app, ['json'], (scope) => {
    resource(scope, '/v1/renders', { GET: listEndpoint(look), POST: createEndpoint(intake) });
  });
  withBodies(app, ['json', 'ndjson'], (scope) => {
    leaveStreams(scope);
    resource(scope, '/v1/renders/bulk', { POST: bulkEndpoint(intake) });
  });
  resource(app, '/v1/renders/:id', { GET: showEndpoint(look) });
  resource(app, '/v1/renders/:id/image', { GET: imageEndpoint(look) });
  resource(app, '/v1/renders/:id/events', { GET: eventsEndpoint(look) });
  app.register(async (scope) => {
    // Nothing need be said, in whatever kind of body.
    readBytes(scope);
    resource(scope, '/v1/renders/:id/cancel', { POST: cancelEndpoint(look) });
    resource(scope, '/v1/renders/:id/deliveries/redeliver', { POST: redeliverEndpoint(look) });
  });
  resource(app, '/v1/renders/:id/deliveries', { GET: deliveriesEndpoint(look) });
  resource(app, '/v1/renders/:id/thumbnail', { GET: thumbnailEndpoint(look) });
}

/** Addresses whose bodies come as bytes of these kinds. */
function withBodies(app: FastifyInstance, kinds: BodyKind[], routes: (scope: FastifyInstance) => void): void {
  app.register(async (scope) => {
    readBytes(scope);
    scope.addHook('onRequest', async (request) => {
      if (request.method === 'POST') bodyKind(request, kinds);
    });
    routes(scope);
  });
}
