import type { AuditEntry } from '@darkroom/shared/audit';
import { listAuditEntries } from '@darkroom/shared/audit';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { readAuditQuery } from '../audit/index.ts';
import { STORE_DEADLINE_MS, withStoreDeadline } from '../backends/index.ts';
import { scrubDeep } from '../dashboard/index.ts';
import { registerEndpoints } from '../endpoint.ts';
import { actionTable } from './audit-view.ts';
import { emptyState, html } from './design/index.ts';
import { withErrorPage } from './error-page.ts';
import { sendPage } from './layout.ts';
import type { RenderPageDeps } from './render-facts.ts';

/** `/audit`: the audit log, with the query of `GET /v1/audit`. */
export function registerAuditPage(app: FastifyInstance, deps: Pick<RenderPageDeps, 'store' | 'scrub'>): void {
  registerEndpoints(app, '/audit', {
    GET: { needs: 'operate', run: withErrorPage((request, reply) => sendAudit(deps, request, reply)) },
  });
}

async function sendAudit(
  { store, scrub }: Pick<RenderPageDeps, 'store' | 'scrub'>,
  request: FastifyRequest,
  reply: FastifyReply,
) {
  const { list, limit, cursor, isVisible } = readAuditQuery(request);
  const page = await withStoreDeadline(STORE_DEADLINE_MS.small, (signal) =>
    listAuditEntries(store, list, { limit, cursor, signal }),
  );
  const entries = scrubDeep(scrub, page.entries.filter(isVisible)) as AuditEntry[];
  const next = page.cursor && Buffer.from(page.cursor).toString('base64url');
  return await sendPage(reply, 200, {
    title: 'Audit log',
    section: '/audit',
    body: html`
<h1>Audit log</h1>
<p class="soft">What operators did, newest first${list.kind === 'target' && html`, about ${list.target.kind} <code>${list.target.id}</code>`}.</p>
${entries.length > 0 ? actionTable(entries) : emptyState('No operator has changed anything.')}
${next && html`<p><a class="button" href="/audit?${new URLSearchParams({ cursor: next }).toString()}">Older entries</a></p>`}`,
  });
}
