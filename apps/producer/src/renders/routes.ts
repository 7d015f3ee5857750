import { type Settings } from '@darkroom/shared/config';
import type { FastifyInstance } from 'fastify';
import { registerEndpoints } from '../endpoint.ts';
import { type BodyKind, parseBodiesAsBytes, passNdjsonThrough, requireBodyKind } from '../http/index.ts';
import type { IntakeDeps } from '../intake/index.ts';
import { bulkEndpoint } from './bulk/index.ts';
import { buyAgainEndpoint } from './buy-again.ts';
import { cancelEndpoint } from './cancel.ts';
import { createEndpoint } from './create.ts';
import { deliveriesEndpoint, redeliverEndpoint } from './deliveries.ts';
import { eventsEndpoint } from './events.ts';
import type { RenderReadDeps } from './find-render.ts';
import { getEndpoint } from './get.ts';
import { imageEndpoint, thumbnailEndpoint } from './image.ts';
import { listEndpoint } from './list.ts';
import { statementEndpoint } from './statement.ts';

/** Everything below `/v1/renders`. */
export function registerRenders(
  app: FastifyInstance,
  intake: IntakeDeps,
  read: RenderReadDeps,
  settings: Pick<Settings, 'PRICES'>,
): void {
  acceptBodies(app, ['json'], (scope) => {
    registerEndpoints(scope, '/v1/renders', { GET: listEndpoint(read), POST: createEndpoint(intake) });
  });
  acceptBodies(app, ['json', 'ndjson'], (scope) => {
    passNdjsonThrough(scope);
    registerEndpoints(scope, '/v1/renders/bulk', { POST: bulkEndpoint(intake) });
  });
  acceptBodies(app, ['json'], (scope) => {
    const buyAgain = buyAgainEndpoint({ ...read, intake, settings });
    registerEndpoints(scope, '/v1/renders/:id/buy-again', { POST: buyAgain });
    registerEndpoints(scope, '/v1/renders/:id/statement', { POST: statementEndpoint(read) });
  });
  registerEndpoints(app, '/v1/renders/:id', { GET: getEndpoint(read) });
  registerEndpoints(app, '/v1/renders/:id/image', { GET: imageEndpoint(read) });
  registerEndpoints(app, '/v1/renders/:id/events', { GET: eventsEndpoint(read) });
  app.register(async (scope) => {
    // These need no body. They accept an empty body of any kind.
    parseBodiesAsBytes(scope);
    registerEndpoints(scope, '/v1/renders/:id/cancel', { POST: cancelEndpoint(read) });
    registerEndpoints(scope, '/v1/renders/:id/deliveries/redeliver', { POST: redeliverEndpoint(read) });
  });
  registerEndpoints(app, '/v1/renders/:id/deliveries', { GET: deliveriesEndpoint(read) });
  registerEndpoints(app, '/v1/renders/:id/thumbnail', { GET: thumbnailEndpoint(read) });
}

/** Registers routes whose bodies arrive as bytes and must be of one of these kinds. */
function acceptBodies(
  app: FastifyInstance,
  kinds: BodyKind[],
  register: (scope: FastifyInstance) => void,
): void {
  app.register(async (scope) => {
    parseBodiesAsBytes(scope);
    scope.addHook('onRequest', async (request) => {
      if (request.method === 'POST') requireBodyKind(request, kinds);
    });
    register(scope);
  });
}
