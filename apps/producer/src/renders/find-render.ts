import type { RenderResponse } from '@darkroom/api';
import { type StoredImage } from '@darkroom/shared/render';
import { type RenderSnapshot, renderLinks, renderResponse } from '@darkroom/shared/snapshot';
import type { FastifyRequest } from 'fastify';
import { requireTenant } from '../access/index.ts';
import { resolveBaseUrl } from '../http/index.ts';
import { findRenderOrImage } from '../lookup/index.ts';
import { ProblemError } from '../problems/index.ts';
import type { RenderReadDeps } from './deps.ts';

/** How long a signed image URL works. */
const URL_LIFETIME_MS = 3_600_000;

/**
 * The render that an address with `:id` names.
 *
 * @throws {ProblemError} `render_not_found`, also for another tenant's: nobody learns what others have.
 */
export async function findRequestedRender(
  deps: RenderReadDeps,
  request: FastifyRequest,
): Promise<RenderSnapshot> {
  const { id } = request.params as { id: string };
  const snapshot = await findRenderOrImage(deps.lookup, requireTenant(request), id);
  if (!snapshot) throw new ProblemError('render_not_found', 'There is no render with this id.');
  return snapshot;
}

/** What a caller is told of a render, with links that lead back the way they came. */
export async function createRenderResponse(
  deps: RenderReadDeps,
  request: FastifyRequest,
  snapshot: RenderSnapshot,
): Promise<RenderResponse> {
  const base = resolveBaseUrl(request);
  const { renderId, image } = snapshot;
  const urls = image && (await imageUrls(deps, request, snapshot, image));
  return renderResponse(snapshot, renderLinks(base, renderId), urls);
}

/**
 * From the store itself where it can sign, else from us: by a link that works without a key, where keys are asked for.
 * A status needs no store: without one it is our own address.
 */
async function imageUrls(
  { store, links, clock }: RenderReadDeps,
  request: FastifyRequest,
  { renderId, tenant }: RenderSnapshot,
  image: StoredImage,
) {
  const base = resolveBaseUrl(request);
  const until = clock.now() + URL_LIFETIME_MS;
  const open = async (key: string, path: string) => {
    const signed = await store.signedUrl(key, URL_LIFETIME_MS).catch(() => undefined);
    if (signed) return signed;
    const own = request.caller?.key ? await links.sign(path, tenant, until).catch(() => path) : path;
    return `${base}${own}`;
  };
  const [url, thumbnail] = await Promise.all([
    open(image.key, `/v1/renders/${renderId}/image`),
    open(image.thumbnailKey, `/v1/renders/${renderId}/thumbnail`),
  ]);
  return { image: url, thumbnail };
}
