import { LIMITS } from '@darkroom/api';
import type { FastifyInstance } from 'fastify';
import { bodyKind, readBytes, resource } from '../../http/index.ts';
import { ProblemError } from '../../problems/index.ts';
import type { IntakeDeps, LookDeps } from '../../renders/index.ts';
import type { Account } from './account.ts';
import { balanceEndpoint } from './balance.ts';
import { PREFIXES, refuseAsProvider } from './envelope.ts';
import { readForms } from './form.ts';
import { uploadedEndpoint } from './get-upload.ts';
import { uploadEndpoint } from './post-upload.ts';
import { queryEndpoint } from './query.ts';
import { submitEndpoint } from './submit.ts';
import type { Uploads } from './upload-store.ts';

export interface DropInDeps {
  intake: IntakeDeps;
  look: LookDeps;
  uploads: Uploads;
  account: Account;
}

/** A file of 10 MB with what a form puts around it; and how far the body of a larger one is read. */
const FORM = { most: LIMITS.imageBytes + 64 * 1024, end: 10 * LIMITS.imageBytes };

/** The provider's addresses. */
export function dropInRoutes(app: FastifyInstance, deps: DropInDeps): void {
  const { intake, look, uploads, account } = deps;
  below(app, PREFIXES.images, (scope) => {
    scope.register(async (submissions) => {
      readBytes(submissions);
      submissions.addHook('onRequest', async (request) => {
        if (request.method === 'POST') bodyKind(request, ['json']);
      });
      resource(submissions, '/generations', { POST: submitEndpoint({ intake, look, uploads }) });
    });
    resource(scope, '/generations/:id', { GET: queryEndpoint(look) });
  });
  below(app, PREFIXES.uploads, (scope) => {
    readForms(scope, FORM);
    resource(scope, '/images', { POST: uploadEndpoint(uploads) });
    resource(scope, '/images/:name', { GET: uploadedEndpoint(uploads) });
  });
  below(app, PREFIXES.balance, (scope) => {
    resource(scope, '', { GET: balanceEndpoint(account, '/v1/balance') });
  });
  below(app, PREFIXES.user, (scope) => {
    resource(scope, '/balance', { GET: balanceEndpoint(account, '/v1/user/balance') });
  });
}

/** Routes below a prefix where everything says no as the provider does. */
function below(app: FastifyInstance, prefix: string, routes: (scope: FastifyInstance) => void): void {
  app.register(
    async (scope) => {
      scope.setErrorHandler(refuseAsProvider);
      scope.setNotFoundHandler((request, reply) =>
        refuseAsProvider(new ProblemError('not_found', 'No such endpoint'), request, reply),
      );
      routes(scope);
    },
    { prefix },
  );
}
