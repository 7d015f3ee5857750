import { discardRequestSchema } from '@darkroom/api';
import { ALL_TENANTS } from '@darkroom/shared/keys';
import type { Scrub } from '@darkroom/shared/runtime';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { hasRole } from '../../access/index.ts';
import { scrubDeep } from '../../dashboard/index.ts';
import {
  type DeadLetterDeps,
  deadLetterDetail,
  deadLetterResponse,
  discardSelected,
  findDeadLetter,
  forecastContext,
  listSelected,
  operatorScope,
  readListQuery,
  readSummaryQuery,
  summarizeSelected,
} from '../../dead-letters/index.ts';
import { registerEndpoints } from '../../endpoint.ts';
import { parseBodiesAsBytes, resolveBaseUrl } from '../../http/index.ts';
import { checkRequest } from '../../problems/index.ts';
import { withErrorPage } from '../error-page.ts';
import { MAX_SELECTION_BYTES, readFilledFields, readForm } from '../form.ts';
import { sendPage } from '../layout.ts';
import { createDetailView } from './detail-view.ts';
import { createGroupsView } from './groups-view.ts';
import { createListView } from './list-view.ts';
import { isGroupKind, listPath, pickFilters, readSelection, resolveAge } from './query.ts';

export type DeadLetterPageDeps = DeadLetterDeps & { scrub: Scrub };

type Run = (deps: DeadLetterPageDeps, request: FastifyRequest, reply: FastifyReply) => Promise<unknown>;

/** `/dead-letters`: groups, lists, single ones, discards. Keys with the role `read` see them. */
export function registerDeadLetterPages(app: FastifyInstance, deps: DeadLetterPageDeps): void {
  const page = (run: Run) => withErrorPage((request, reply) => run(deps, request, reply));
  for (const [path, run] of [
    ['/dead-letters', sendGroups],
    ['/dead-letters/list', sendList],
    ['/dead-letters/:id', sendDetail],
  ] as const) {
    registerEndpoints(app, path, { GET: { needs: 'read or operate', run: page(run) } });
  }
  app.register(async (scope) => {
    parseBodiesAsBytes(scope);
    registerEndpoints(scope, '/dead-letters/discard', {
      POST: { needs: 'operate', bodyLimit: MAX_SELECTION_BYTES, run: page(discard) },
    });
  });
}

const SECTION = '/dead-letters';
const PAGE_SIZE = '100';

const readAccess = (request: FastifyRequest) => ({
  allTenants: operatorScope(request) === ALL_TENANTS,
  mayChange: request.caller !== undefined && hasRole(request.caller, 'operate'),
});

const sendGroups: Run = async (deps, request, reply) => {
  const fields = readFilledFields(request.query);
  const { group_by: kind, ...query } = resolveAge(fields, deps.clock.now());
  const groupBy = isGroupKind(kind) ? { group_by: kind } : {};
  const read = readSummaryQuery({ caller: request.caller, query: { ...query, ...groupBy } });
  const summary = await summarizeSelected(deps, operatorScope(request), read);
  return await sendPage(reply, 200, {
    title: 'Dead letters',
    section: SECTION,
    body: createGroupsView({
      summary: scrubDeep(deps.scrub, summary) as typeof summary,
      fields,
      filters: pickFilters(query),
      ...readAccess(request),
    }),
  });
};

const sendList: Run = async (deps, request, reply) => {
  const { discarded, remaining = '0', ...fields } = readFilledFields(request.query);
  const query = resolveAge(fields, deps.clock.now());
  const read = readListQuery({ caller: request.caller, query: { limit: PAGE_SIZE, ...query } });
  const { page, total, next } = await listSelected(deps, read);
  const context = forecastContext(deps);
  const letters = page.map((letter) => deadLetterResponse(letter, resolveBaseUrl(request), context));
  return await sendPage(reply, 200, {
    title: 'Dead letters',
    section: SECTION,
    body: createListView({
      letters: scrubDeep(deps.scrub, letters) as typeof letters,
      total,
      next,
      fields,
      filters: pickFilters(query),
      ...readAccess(request),
      ...(discarded === undefined ? {} : { discarded: { count: discarded, remaining } }),
    }),
  });
};

const sendDetail: Run = async (deps, request, reply) => {
  const { letter, whole } = await findDeadLetter(deps, request);
  const detail = deadLetterDetail(letter, whole, resolveBaseUrl(request), forecastContext(deps));
  return await sendPage(reply, 200, {
    title: 'Dead letter',
    section: SECTION,
    body: createDetailView(scrubDeep(deps.scrub, detail) as typeof detail, readAccess(request).mayChange),
  });
};

/** Discards the selected ones, or all that match the filters, and shows the list again. */
const discard: Run = async (deps, request, reply) => {
  const form = readForm(request);
  const selection = readSelection(form);
  const body = checkRequest({ ...selection, note: form.get('note') ?? undefined }, discardRequestSchema);
  const { discarded, remaining } = await discardSelected(deps, request, body);
  const filters = 'ids' in selection ? {} : pickFilters(Object.fromEntries(form));
  const counts = { discarded: String(discarded), remaining: String(remaining) };
  return await reply.redirect(listPath({ ...filters, ...counts }), 303);
};
