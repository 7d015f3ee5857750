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
  type RenderReadDeps,
  readListQuery,
} from '../../renders/index.ts';
import { sendErrorPage } from '../error-page.ts';
import { MAX_FORM_BYTES, readForm } from '../form.ts';
import { sendPage } from '../layout.ts';
import { createListView } from './list-view.ts';

const LINK_LIFETIME_MS = 3_600_000;
/** The list has long rows of tiles. */
const TILES = 48;
const PARALLEL = 8;

/** `/renders`: with the filters of `GET /v1/renders`, and `id`. */
export function registerRenderList(app: FastifyInstance, deps: RenderReadDeps): void {
  registerEndpoints(app, '/renders', {
    GET: { needs: 'read', run: (request, reply) => sendList(deps, request, reply) },
  });
  app.register(async (scope) => {
    parseBodiesAsBytes(scope);
    registerEndpoints(scope, '/renders/cancel', {
      POST: {
        needs: 'enqueue or operate',
        bodyLimit: MAX_FORM_BYTES,
        run: (request, reply) => cancelSelected(deps, request, reply),
      },
    });
  });
}

async function sendList(deps: RenderReadDeps, request: FastifyRequest, reply: FastifyReply) {
  try {
    const query = readFilledFields(request.query);
    const { id, canceled, ...filters } = query;
    if (id !== undefined) return await reply.redirect(`/renders/${encodeURIComponent(id)}`, 303);
    const [{ snapshots, next }, incomplete] = await Promise.all([
      deps.list(readListQuery({ caller: request.caller, query: { limit: String(TILES), ...filters } })),
      deps.lookup.queueState.isIncomplete(),
    ]);
    const thumbnails = await Promise.all(snapshots.map((snapshot) => linkThumbnail(deps, request, snapshot)));
    return await sendPage(reply, 200, {
      title: 'Renders',
      section: '/renders',
      body: createListView({
        snapshots,
        thumbnails,
        query: filters,
        incomplete,
        mayCancel: may(request, 'enqueue or operate'),
        mayRedrive: may(request, 'operate'),
        ...(canceled === undefined ? {} : { canceled }),
        allTenants: requireTenant(request) === ALL_TENANTS,
        ...(next ? { next: toCursor(next) } : {}),
      }),
    });
  } catch (error) {
    return await sendErrorPage(request, reply, error);
  }
}

const may = ({ caller }: FastifyRequest, needs: Needs) => caller !== undefined && hasRole(caller, needs);

/** Cancels the selected renders. Those that have ended are left alone. */
async function cancelSelected(deps: RenderReadDeps, request: FastifyRequest, reply: FastifyReply) {
  try {
    const ids = readForm(request).getAll('id').slice(0, TILES);
    const canceled = await pMap(ids, (id) => cancelWithoutWaiting(deps, request, id), {
      concurrency: PARALLEL,
    });
    return await reply.redirect(`/renders?canceled=${canceled.filter(Boolean).length}`, 303);
  } catch (error) {
    return await sendErrorPage(request, reply, error);
  }
}

/** A form sends its empty fields, too. */
const readFilledFields = (query: unknown): Record<string, string> =>
  Object.fromEntries(
    Object.entries(query as Record<string, unknown>).flatMap(([name, value]) =>
      typeof value === 'string' && value.trim() !== '' ? [[name, value.trim()]] : [],
    ),
  );

const linkThumbnail = async (deps: RenderReadDeps, request: FastifyRequest, snapshot: RenderSnapshot) =>
  snapshot.image &&
  (await createImagePath(deps, request, snapshot, {
    part: 'thumbnail',
    lifetimeMs: LINK_LIFETIME_MS,
    sign: 'if-needed',
  }));
