import type { FastifyInstance } from 'fastify';
import type { BatchEndpointDeps } from '../batches/index.ts';
import type { DeadLetterDeps } from '../dead-letters/index.ts';
import { registerEndpoints } from '../endpoint.ts';
import type { ReconcileDeps } from '../reconcile/index.ts';
import type { RedriveDeps } from '../redrives/index.ts';
import { registerAuditPage } from './audit-page.ts';
import { registerBatchesPage } from './batches-page.ts';
import { type CataloguePageDeps, registerCataloguePages } from './catalogues/index.ts';
import { registerDeadLetterPages } from './dead-letters/index.ts';
import { registerHome } from './home.ts';
import { registerKeysPage } from './keys-page.ts';
import { type OverviewDeps, registerOverview } from './overview/index.ts';
import { registerPausesPage } from './pauses-page.ts';
import { registerProblemPages } from './problems.ts';
import { registerReconcilePage } from './reconcile/index.ts';
import { registerRedrivePages } from './redrives/index.ts';
import type { RenderPageDeps } from './render-facts.ts';
import { registerRenderList } from './render-list/index.ts';
import { registerRenderPage } from './render-page.ts';
import { type RunPageDeps, registerRunPages } from './runs/index.ts';
import { registerScripts } from './scripts.ts';
import { registerSignIn, type SignInDeps } from './sign-in.ts';
import { registerWorkersPage, type WorkersPageDeps } from './workers/index.ts';

/** All pages but the dashboard and the API reference. */
export function registerPages(
  app: FastifyInstance,
  deps: RenderPageDeps &
    OverviewDeps &
    SignInDeps &
    WorkersPageDeps & {
      deadLetters: DeadLetterDeps;
      redrives: RedriveDeps;
      reconcile: ReconcileDeps;
      runs: RunPageDeps;
      catalogues: CataloguePageDeps;
      batches: BatchEndpointDeps;
    },
): void {
  const sendOverview = registerOverview(app, deps);
  registerHome(app, { ...deps, sendOverview });
  registerRenderList(app, deps);
  registerAuditPage(app, deps);
  registerScripts(app);
  registerProblemPages(app);
  registerRenderPage(app, deps);
  registerDeadLetterPages(app, { ...deps.deadLetters, scrub: deps.scrub });
  registerRedrivePages(app, { ...deps.redrives, scrub: deps.scrub });
  registerRunPages(app, deps.runs);
  registerCataloguePages(app, deps.catalogues);
  registerSignIn(app, deps);
  registerKeysPage(app, deps);
  registerPausesPage(app, deps);
  registerBatchesPage(app, deps.batches);
  registerReconcilePage(app, deps.reconcile);
  registerWorkersPage(app, deps);
  registerIcon(app);
}

const ICON =
  '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect width="32" height="32" rx="7" fill="#8f1d14"/><circle cx="16" cy="16" r="8" fill="none" stroke="#fff" stroke-width="3"/><circle cx="16" cy="16" r="2.5" fill="#fff"/></svg>';

/** `/favicon.ico`: browsers request it for every site. */
function registerIcon(app: FastifyInstance): void {
  registerEndpoints(app, '/favicon.ico', {
    GET: {
      needs: 'anyone',
      run: async (_request, reply) =>
        await reply.header('cache-control', 'public, max-age=86400').type('image/svg+xml').send(ICON),
    },
  });
}
