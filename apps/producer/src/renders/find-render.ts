import type { RenderResponse } from '@darkroom/api';
import { type StoredImage } from '@darkroom/shared/render';
import { type RenderSnapshot, renderLinks, renderResponse } from '@darkroom/shared/snapshot';
import type { FastifyRequest } from 'fastify';
import { tenantOf } from '../access/index.ts';
import { baseUrl } from '../http/index.ts';
import { findRenderOrImage } from '../lookup/index.ts';
import { ProblemError } from '../problems/index.ts';
import type { LookDeps } from './deps.ts';

/** How long a signed image URL works. */
const URL_LIFETIME_MS = 3_600_000;

/**
 * The render that an address with `:id` names.
 *
 * @throws {ProblemError} `render_not_found`, also for another tenant's: nobody learns what others have.
 */
export async function found(deps: LookDeps, request: FastifyRequest): Promise<RenderSnapshot> {
  const { id } = request.params as { id: string };
  const standing = await findRenderOrImage(deps.archive, tenantOf(request), id);
  if (!standing) throw new ProblemError('render_not_found', 'There is no render with this id.');
  return standing;
}

/** What a caller is told of a render, with links that lead back the way they came. */
export async function told(
  deps: LookDeps,
  request: FastifyRequest,
  standing: RenderSnapshot,
): Promise<RenderResponse> {
  const base = baseUrl(request);
  const { renderId, image } = standing;
  const urls = image && (await imageUrls(deps, request, standing, image));
  return renderResponse(standing, renderLinks(base, renderId), urls);
}

/**
 * From the store itself where it can sign, else from us: by a link that works without a key, where keys are asked for.
 * A status needs no store: without one it is our own address.
 */
async function imageUrls(
  { store, links, clock }: LookDeps,
  request: FastifyRequest,
  { renderId, tenant }: RenderSnapshot,
  image: StoredImage,
) {
  const base = baseUrl(request);
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
