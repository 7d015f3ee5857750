import { LIMITS } from '@darkroom/api';
import type { FastifyInstance } from 'fastify';
import { parseBodiesAsBytes, registerEndpoints, requireBodyKind } from '../../http/index.ts';
import { ProblemError } from '../../problems/index.ts';
import type { RenderCreateDeps, RenderReadDeps } from '../../renders/index.ts';
import type { ReadBalance } from './account.ts';
import { balanceEndpoint } from './balance.ts';
import { PREFIXES, sendEnvelope } from './envelope.ts';
import { parseForms } from './form.ts';
import { getUploadEndpoint } from './get-upload.ts';
import { postUploadEndpoint } from './post-upload.ts';
import { queryEndpoint } from './query.ts';
import { submitEndpoint } from './submit.ts';
import type { UploadStore } from './upload-store.ts';

export interface DropInDeps {
  intake: RenderCreateDeps;
  look: RenderReadDeps;
  uploads: UploadStore;
  account: ReadBalance;
}

/** A file of 10 MB with what a form puts around it; and how far the body of a larger one is read. */
const FORM = { most: LIMITS.imageBytes + 64 * 1024, end: 10 * LIMITS.imageBytes };

/** The provider's addresses. */
export function registerDropIn(app: FastifyInstance, deps: DropInDeps): void {
  const { intake, look, uploads, account } = deps;
  registerBelow(app, PREFIXES.images, (scope) => {
    scope.register(async (submissions) => {
      parseBodiesAsBytes(submissions);
      submissions.addHook('onRequest', async (request) => {
        if (request.method === 'POST') requireBodyKind(request, ['json']);
      });
      registerEndpoints(submissions, '/generations', { POST: submitEndpoint({ intake, look, uploads }) });
    });
    registerEndpoints(scope, '/generations/:id', { GET: queryEndpoint(look) });
  });
  registerBelow(app, PREFIXES.uploads, (scope) => {
    parseForms(scope, FORM);
    registerEndpoints(scope, '/images', { POST: postUploadEndpoint(uploads) });
    registerEndpoints(scope, '/images/:name', { GET: getUploadEndpoint(uploads) });
  });
  registerBelow(app, PREFIXES.balance, (scope) => {
    registerEndpoints(scope, '', { GET: balanceEndpoint(account, '/v1/balance') });
  });
  registerBelow(app, PREFIXES.user, (scope) => {
    registerEndpoints(scope, '/balance', { GET: balanceEndpoint(account, '/v1/user/balance') });
  });
}

/** Routes below a prefix where everything says no as the provider does. */
function registerBelow(app: FastifyInstance, prefix: string, routes: (scope: FastifyInstance) => void): void {
  app.register(
    async (scope) => {
      scope.setErrorHandler(sendEnvelope);
      scope.setNotFoundHandler((request, reply) =>
        sendEnvelope(new ProblemError('not_found', 'No such endpoint'), request, reply),
      );
      routes(scope);
    },
    { prefix },
  );
}
