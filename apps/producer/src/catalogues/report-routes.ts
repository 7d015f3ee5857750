import type { FastifyInstance } from 'fastify';
import { registerEndpoints } from '../endpoint.ts';
import { parseBodiesAsBytes, requireBodyKind } from '../http/index.ts';
import { listReviewsEndpoint, type ReviewDeps, saveReviewsEndpoint } from './reviews.ts';
import { reportEndpoint, reportFileEndpoint, reportImageEndpoint } from './serve-report.ts';

/** Reports of runs, and reviews. */
export function registerReports(app: FastifyInstance, deps: ReviewDeps): void {
  const { store } = deps;
  const run = '/v1/catalogues/:name/runs/:run';
  registerEndpoints(app, `${run}/report.html`, { GET: reportEndpoint(store) });
  registerEndpoints(app, `${run}/report/:file`, { GET: reportFileEndpoint(store) });
  registerEndpoints(app, `${run}/images/:file`, { GET: reportImageEndpoint(store) });
  app.register(async (scope) => {
    parseBodiesAsBytes(scope);
    scope.addHook('onRequest', async (request) => {
      if (request.method === 'POST') requireBodyKind(request, ['json']);
    });
    registerEndpoints(scope, '/v1/catalogues/:name/reviews', {
      GET: listReviewsEndpoint(deps),
      POST: saveReviewsEndpoint(deps),
    });
  });
}
