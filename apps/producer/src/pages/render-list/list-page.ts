import { ALL_TENANTS } from '@darkroom/shared/keys';
import type { RenderSnapshot } from '@darkroom/shared/snapshot';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import pMap from 'p-map';
import { hasRole, type Needs, requireTenant } from '../../access/index.ts';
import { registerEndpoints } from '../../endpoint.ts';
import { parseBodiesAsBytes } from '../../http/index.ts';
import { toCursor } from '../../lookup/index.ts';
import {
  cancelWithoutWaiting,
  createImagePath,
  createWaitFilter,
  type RenderReadDeps,
  readListQuery,
  readWaitCause,
} from '../../renders/index.ts';
import { withErrorPage } from '../error-page.ts';
import { MAX_SELECTION_BYTES, readFilledFields, readForm } from '../form.ts';
import { sendPage } from '../layout.ts';
import { pathOf, readView, toApiQuery } from './list-query.ts';
import { createListView } from './list-view.ts';

const LINK_LIFETIME_MS = 3_600_000;
/** The list has long rows of tiles. */
const TILES = 48;
const ROWS = 100;
const PARALLEL = 8;

/** `/renders`: with the filters of `GET /v1/renders`, `id` and `view`. */
export function registerRenderList(app: FastifyInstance, deps: RenderReadDeps): void {
  registerEndpoints(app, '/renders', {
    GET: { needs: 'read', run: withErrorPage((request, reply) => sendList(deps, request, reply)) },
  });
  app.register(async (scope) => {
    parseBodiesAsBytes(scope);
    registerEndpoints(scope, '/renders/cancel', {
      POST: {
        needs: 'enqueue or operate',
        bodyLimit: MAX_SELECTION_BYTES,
        run: withErrorPage((request, reply) => cancelSelected(deps, request, reply)),
      },
    });
  });
}

async function sendList(deps: RenderReadDeps, request: FastifyRequest, reply: FastifyReply) {
  const { id, canceled, ...query } = readFilledFields(request.query);
  if (id !== undefined) return await reply.redirect(`/renders/${encodeURIComponent(id)}`, 303);
  const { view, ...fields } = query;
  const isTable = readView(view) === 'table';
  const filters = { limit: String(isTable ? ROWS : TILES), ...toApiQuery(fields) };
  const asked = { caller: request.caller, query: filters };
  const [{ snapshots, next }, incomplete] = await Promise.all([
    deps.list({ ...readListQuery(asked), waitsFor: createWaitFilter(deps, asked) }),
    deps.lookup.queueState.isIncomplete(),
  ]);
  const [thumbnails, waits] = await Promise.all([
    Promise.all(isTable ? [] : snapshots.map((snapshot) => linkThumbnail(deps, request, snapshot))),
    Promise.all(isTable ? snapshots.map((snapshot) => readWaitCause(deps, snapshot)) : []),
  ]);
  return await sendPage(reply, 200, {
    title: 'Renders',
    section: '/renders',
    body: createListView({
      snapshots,
      thumbnails,
      waits,
      query,
      incomplete,
      mayCancel: may(request, 'enqueue or operate'),
      mayRedrive: may(request, 'operate'),
      ...(canceled === undefined ? {} : { canceled }),
      allTenants: requireTenant(request) === ALL_TENANTS,
      ...(next ? { next: toCursor(next) } : {}),
      now: deps.clock.now(),
    }),
  });
}

const may = ({ caller }: FastifyRequest, needs: Needs) => caller !== undefined && hasRole(caller, needs);

/** Cancels the selected renders, and shows the list again. Those that have ended are left alone. */
async function cancelSelected(deps: RenderReadDeps, request: FastifyRequest, reply: FastifyReply) {
  const form = readForm(request);
  const ids = form.getAll('id').slice(0, ROWS);
  const canceled = await pMap(ids, (id) => cancelWithoutWaiting(deps, request, id), {
    concurrency: PARALLEL,
  });
  const query = Object.fromEntries(new URLSearchParams(form.get('query') ?? ''));
  return await reply.redirect(pathOf({ ...query, canceled: String(canceled.filter(Boolean).length) }), 303);
}

const linkThumbnail = async (deps: RenderReadDeps, request: FastifyRequest, snapshot: RenderSnapshot) =>
  snapshot.image &&
  (await createImagePath(deps, request, snapshot, {
    part: 'thumbnail',
    lifetimeMs: LINK_LIFETIME_MS,
    sign: 'if-needed',
  }));
