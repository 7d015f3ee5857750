import { CATALOGUE_RUN } from '@darkroom/api';
import { ALL_TENANTS } from '@darkroom/shared/keys';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { hasRole, requireTenant } from '../../access/index.ts';
import { STORE_DEADLINE_MS, withStoreDeadline } from '../../backends/index.ts';
import {
  type CatalogueDeps,
  cancelCatalogueRun,
  describeCatalogue,
  findCatalogue,
  listCatalogueRuns,
  listCatalogues,
  runResponse,
} from '../../catalogues/index.ts';
import { registerEndpoints } from '../../endpoint.ts';
import { parseBodiesAsBytes, resolveBaseUrl } from '../../http/index.ts';
import { ProblemError } from '../../problems/index.ts';
import { withErrorPage } from '../error-page.ts';
import { MAX_FORM_BYTES, readFilledFields, readForm } from '../form.ts';
import { sendPage } from '../layout.ts';
import { createCataloguesView } from './catalogues-view.ts';
import { pathOfCatalogue } from './parts.ts';
import { createRunsView } from './runs-view.ts';

export type CataloguePageDeps = Pick<
  CatalogueDeps,
  'runs' | 'schedules' | 'store' | 'queue' | 'auditor' | 'clock'
>;

const SECTION = '/catalogues';
const PAGE_SIZE = 30;
/** Seconds until a page with a run that has not ended reloads. */
const RELOAD_S = 5;

type Run = (deps: CataloguePageDeps, request: FastifyRequest, reply: FastifyReply) => Promise<unknown>;

/** `/catalogues`: the catalogues of the caller's tenant, or of all tenants, and their runs. */
export function registerCataloguePages(app: FastifyInstance, deps: CataloguePageDeps): void {
  const page = (run: Run) => withErrorPage((request, reply) => run(deps, request, reply));
  registerEndpoints(app, SECTION, { GET: { needs: 'read', run: page(sendCatalogues) } });
  registerEndpoints(app, `${SECTION}/:name`, { GET: { needs: 'read', run: page(sendRuns) } });
  app.register(async (scope) => {
    parseBodiesAsBytes(scope);
    registerEndpoints(scope, `${SECTION}/:name/runs/:run/cancel`, {
      POST: { needs: 'enqueue or operate', bodyLimit: MAX_FORM_BYTES, run: page(cancel) },
    });
  });
}

const sendCatalogues: Run = async (deps, request, reply) => {
  const tenant = requireTenant(request);
  const catalogues = await listCatalogues(deps, tenant);
  const isRunning = catalogues.some(({ open_runs: open }) => open.length > 0);
  return await sendPage(reply, 200, {
    title: 'Catalogues',
    section: SECTION,
    body: createCataloguesView(catalogues, tenant === ALL_TENANTS),
    ...(isRunning ? { reload: { seconds: RELOAD_S } } : {}),
  });
};

const sendRuns: Run = async (deps, request, reply) => {
  const { cursor } = readFilledFields(request.query);
  const id = await findCatalogue(deps.store, request, '');
  const [catalogue, { facts, next }] = await Promise.all([
    withStoreDeadline(STORE_DEADLINE_MS.small, (signal) => describeCatalogue(deps, id, signal)),
    listCatalogueRuns(deps, { tenant: id.tenant, catalogue: id.name }, { limit: PAGE_SIZE, cursor }),
  ]);
  const { caller } = request;
  return await sendPage(reply, 200, {
    title: `Catalogue ${id.name}`,
    section: SECTION,
    body: createRunsView({
      catalogue,
      runs: facts.map((one) => runResponse(one, { base: resolveBaseUrl(request), now: deps.clock.now() })),
      next,
      allTenants: requireTenant(request) === ALL_TENANTS,
      mayCancel: caller !== undefined && hasRole(caller, 'enqueue or operate'),
    }),
    ...(catalogue.open_runs.length > 0 ? { reload: { seconds: RELOAD_S } } : {}),
  });
};

const cancel: Run = async (deps, request, reply) => {
  const { run } = request.params as { run: string };
  const { tenant, name } = await findCatalogue(deps.store, request, '');
  if (!CATALOGUE_RUN.test(run))
    throw new ProblemError('catalogue_run_not_found', 'No run can have this name.');
  const { reason = null } = Object.fromEntries(readForm(request));
  await cancelCatalogueRun(deps, request, { tenant, catalogue: name, run }, reason);
  return await reply.redirect(pathOfCatalogue({ tenant, name }, requireTenant(request) === ALL_TENANTS), 303);
};
