import type { BatchResponse, RenderStatus } from '@darkroom/api';
import { BATCHES_BY_TIME_PREFIX } from '@darkroom/shared/batches';
import { ALL_TENANTS } from '@darkroom/shared/keys';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import pMap from 'p-map';
import { requireTenant } from '../access/index.ts';
import { STORE_DEADLINE_MS, withStoreDeadline } from '../backends/index.ts';
import { type BatchEndpointDeps, createBatchResponse, takePage } from '../batches/index.ts';
import { registerEndpoints } from '../endpoint.ts';
import { emptyState, html, type Markup, stateBadge, table } from './design/index.ts';
import { withErrorPage } from './error-page.ts';
import { formatTime } from './formats.ts';
import { sendPage } from './layout.ts';
import { pathOfRun } from './runs/index.ts';

/** Batches that the page shows: the latest ones. */
const SHOWN = 20;
const PARALLEL = 8;

/** `/batches`: the latest batches of the caller's tenant; for a key of all tenants, of all of them. */
export function registerBatchesPage(app: FastifyInstance, deps: BatchEndpointDeps): void {
  registerEndpoints(app, '/batches', {
    GET: { needs: 'read', run: withErrorPage((request, reply) => sendBatches(deps, request, reply)) },
  });
}

async function sendBatches(deps: BatchEndpointDeps, request: FastifyRequest, reply: FastifyReply) {
  const tenant = requireTenant(request);
  const ofAll = tenant === ALL_TENANTS;
  const latest = await withStoreDeadline(STORE_DEADLINE_MS.several, async (signal) => {
    const tenants = ofAll
      ? await deps.store.listFolders({ prefix: BATCHES_BY_TIME_PREFIX, signal })
      : [tenant];
    const pages = await pMap(
      tenants,
      async (one) => (await takePage(deps.batches.list(one, undefined, { signal }), SHOWN)).items,
      { concurrency: PARALLEL },
    );
    return pages
      .flat()
      .toSorted((one, other) => other.createdAt - one.createdAt)
      .slice(0, SHOWN);
  });
  const rows = await pMap(
    latest,
    async (batch) => ({ tenant: batch.tenant, batch: await createBatchResponse(deps, request, batch) }),
    { concurrency: PARALLEL },
  );
  return await sendPage(reply, 200, {
    title: 'Batches',
    section: '/runs',
    body: html`<h1>Batches</h1>
<p class="soft">The latest ${SHOWN} batches. <code>darkroom batch list</code> shows all of a tenant.</p>
${
  rows.length > 0
    ? createTable(rows, ofAll)
    : emptyState(html`There is no batch. <code>darkroom batch submit</code> makes one.`)
}`,
  });
}

const createTable = (rows: readonly { tenant: string; batch: BatchResponse }[], ofAll: boolean): Markup =>
  table(
    [
      ...(ofAll ? ['Tenant'] : []),
      'Batch',
      'Status',
      'Requests',
      'Completed',
      'Failed',
      'Created',
      'Results',
    ],
    rows.map(({ tenant, batch }) => {
      const { id, run, request_counts: counts, created_at: createdAt } = batch;
      const query = ofAll ? `?${new URLSearchParams({ tenant }).toString()}` : '';
      return [
        ...(ofAll ? [tenant] : []),
        run === null
          ? html`<code>${id}</code>`
          : html`<a href="${pathOfRun({ tenant, id: run }, { allTenants: ofAll })}"><code>${id}</code></a>`,
        batchBadge(batch),
        String(counts.total),
        String(counts.completed),
        String(counts.failed),
        formatTime(createdAt * 1000),
        html`<a href="/renders?${new URLSearchParams({ run: id }).toString()}">Renders</a> · <a href="/v1/batches/${id}/output${query}">Output</a> · <a href="/v1/batches/${id}/errors${query}">Errors</a>`,
      ];
    }),
  );

const STATES: Record<BatchResponse['status'], RenderStatus> = {
  validating: 'queued',
  failed: 'failed',
  in_progress: 'rendering',
  finalizing: 'storing',
  completed: 'completed',
  expired: 'canceled',
  cancelling: 'canceled',
  cancelled: 'canceled',
};

/** A batch that is completed with failed requests looks failed, as its run does. */
const batchBadge = ({ status, request_counts: counts }: BatchResponse): Markup =>
  stateBadge(status === 'completed' && counts.failed > 0 ? 'failed' : STATES[status], status);
