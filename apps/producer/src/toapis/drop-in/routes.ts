import { LIMITS } from '@darkroom/api';
import type { FastifyInstance } from 'fastify';
import { registerEndpoints } from '../../endpoint.ts';
import { parseBodiesAsBytes, requireBodyKind } from '../../http/index.ts';
import { ProblemError } from '../../problems/index.ts';
import type { ReadBalance } from './account.ts';
import { balanceEndpoint } from './balance.ts';
import { PREFIXES, sendEnvelope } from './envelope.ts';
import { parseForms } from './form.ts';
import { getUploadEndpoint } from './get-upload.ts';
import { postUploadEndpoint } from './post-upload.ts';
import { queryEndpoint } from './query.ts';
import { type SubmitDeps, submitEndpoint } from './submit.ts';

export interface DropInDeps extends SubmitDeps {
  readBalance: ReadBalance;
}

/** A file of 10 MB and the form around it are kept; the body of a larger one is read up to ten times that size. */
const FORM = { maxKept: LIMITS.imageBytes + 64 * 1024, maxRead: 10 * LIMITS.imageBytes };

/** ToAPIs' paths. */
export function registerDropIn(app: FastifyInstance, deps: DropInDeps): void {
  const { read, uploads, readBalance } = deps;
  registerBelow(app, PREFIXES.images, (scope) => {
    scope.register(async (submissions) => {
      parseBodiesAsBytes(submissions);
      submissions.addHook('onRequest', async (request) => {
        if (request.method === 'POST') requireBodyKind(request, ['json']);
      });
      registerEndpoints(submissions, '/generations', { POST: submitEndpoint(deps) });
    });
    registerEndpoints(scope, '/generations/:id', { GET: queryEndpoint(read) });
  });
  registerBelow(app, PREFIXES.uploads, (scope) => {
    parseForms(scope, FORM);
    registerEndpoints(scope, '/images', { POST: postUploadEndpoint(uploads) });
    registerEndpoints(scope, '/images/:name', { GET: getUploadEndpoint(uploads) });
  });
  registerBelow(app, PREFIXES.balance, (scope) => {
    registerEndpoints(scope, '', { GET: balanceEndpoint(readBalance, '/v1/balance') });
  });
  registerBelow(app, PREFIXES.user, (scope) => {
    registerEndpoints(scope, '/balance', { GET: balanceEndpoint(readBalance, '/v1/user/balance') });
  });
}

/** Registers routes below a prefix. Their errors have ToAPIs' form. */
function registerBelow(
  app: FastifyInstance,
  prefix: string,
  register: (scope: FastifyInstance) => void,
): void {
  app.register(
    async (scope) => {
      scope.setErrorHandler(sendEnvelope);
      scope.setNotFoundHandler((request, reply) =>
        sendEnvelope(new ProblemError('not_found', 'No such endpoint'), request, reply),
      );
      register(scope);
    },
    { prefix },
  );
}
