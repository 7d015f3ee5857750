import { ALL_TENANTS } from '@darkroom/shared/keys';
import type { RenderSnapshot } from '@darkroom/shared/snapshot';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { requireTenant } from '../../access/index.ts';
import { registerEndpoints } from '../../endpoint.ts';
import { toCursor } from '../../lookup/index.ts';
import { createImagePath, type RenderReadDeps, readListQuery } from '../../renders/index.ts';
import { sendErrorPage } from '../error-page.ts';
import { sendPage } from '../layout.ts';
import { createListView } from './list-view.ts';

const LINK_LIFETIME_MS = 3_600_000;
/** The list has long rows of tiles. */
const TILES = 48;

/** `/renders`: with the filters of `GET /v1/renders`, and `id`. */
export function registerRenderList(app: FastifyInstance, deps: RenderReadDeps): void {
  registerEndpoints(app, '/renders', {
    GET: { needs: 'read', run: (request, reply) => sendList(deps, request, reply) },
  });
}

async function sendList(deps: RenderReadDeps, request: FastifyRequest, reply: FastifyReply) {
  try {
    const query = readFilledFields(request.query);
    const { id, ...filters } = query;
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
        query,
        incomplete,
        allTenants: requireTenant(request) === ALL_TENANTS,
        ...(next ? { next: toCursor(next) } : {}),
      }),
    });
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
