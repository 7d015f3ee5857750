import type { CatalogueListResponse } from '@darkroom/api';
import { CATALOGUE_NAME } from '@darkroom/api';
import type { CatalogueRunStore, ScheduleStore } from '@darkroom/catalogue';
import { ALL_TENANTS } from '@darkroom/shared/keys';
import type { Clock } from '@darkroom/shared/runtime';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import pMap from 'p-map';
import { requireTenant } from '../access/index.ts';
import { STORE_DEADLINE_MS, withStoreDeadline } from '../backends/index.ts';
import { describeCatalogue } from '../catalogues/index.ts';
import { registerEndpoints } from '../endpoint.ts';
import { emptyState, html, type Markup, table } from './design/index.ts';
import { withErrorPage } from './error-page.ts';
import { formatTime } from './formats.ts';
import { sendPage } from './layout.ts';

export interface CataloguesPageDeps {
  runs: CatalogueRunStore;
  schedules: ScheduleStore;
  clock: Clock;
}

type Catalogue = CatalogueListResponse['data'][number];

/** Catalogues whose records are read at the same time. */
const PARALLEL = 8;

/** `/catalogues`: the catalogues of the caller's tenant; for a key of all tenants, of all of them. */
export function registerCataloguesPage(app: FastifyInstance, deps: CataloguesPageDeps): void {
  registerEndpoints(app, '/catalogues', {
    GET: { needs: 'read', run: withErrorPage((request, reply) => sendCatalogues(deps, request, reply)) },
  });
}

async function sendCatalogues(deps: CataloguesPageDeps, request: FastifyRequest, reply: FastifyReply) {
  const tenant = requireTenant(request);
  const ofAll = tenant === ALL_TENANTS;
  const catalogues = await withStoreDeadline(STORE_DEADLINE_MS.image, async (signal) => {
    const ids = ofAll
      ? await deps.schedules.listCatalogues({ signal })
      : (await deps.runs.listCatalogues(tenant, { signal })).map((catalogue) => ({ tenant, catalogue }));
    return await pMap(
      ids.filter(({ catalogue }) => CATALOGUE_NAME.test(catalogue)),
      (id) => describeCatalogue(deps, { tenant: id.tenant, name: id.catalogue }, signal),
      { concurrency: PARALLEL },
    );
  });
  return await sendPage(reply, 200, {
    title: 'Catalogues',
    body: html`<h1>Catalogues</h1>
${
  catalogues.length > 0
    ? createTable(catalogues, ofAll)
    : emptyState(html`No catalogue has run. <code>darkroom catalogue init</code> writes the first file.`)
}`,
  });
}

/** @param ofAll the caller's key is for all tenants */
const createTable = (catalogues: readonly Catalogue[], ofAll: boolean): Markup =>
  table(
    [
      ...(ofAll ? ['Tenant'] : []),
      'Catalogue',
      'Last good run',
      'Runs that have not ended',
      'Next night',
      'Alarms',
    ],
    catalogues.map((one) => [
      ...(ofAll ? [one.tenant] : []),
      one.name,
      one.latest &&
        html`<a href="${reportPath(one, one.latest.run, ofAll)}">${one.latest.run}</a>
<span class="soft">${one.latest.items} items, ${formatTime(Date.parse(one.latest.finished_at))}</span>`,
      one.open_runs.join(', '),
      one.schedule?.next_night
        ? formatTime(Date.parse(one.schedule.next_night.due_at))
        : html`<span class="soft">it runs only when asked</span>`,
      one.schedule?.alarms.map(
        ({ date, message }) => html`<span class="failed">${date}</span>: ${message}<br>`,
      ),
    ]),
  );

/** A key of all tenants names the tenant in the path. */
const reportPath = ({ tenant, name }: Catalogue, run: string, ofAll: boolean) =>
  `/v1/catalogues/${ofAll ? `${tenant}:${name}` : name}/runs/${run}/report.html`;
