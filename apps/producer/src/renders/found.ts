import type { RenderAnswer } from '@darkroom/api';
import { renderAnswer, renderLinks, type Standing, type StoredImage } from '@darkroom/shared';
import type { FastifyRequest } from 'fastify';
import { tenantOf } from '../access/index.ts';
import { baseUrl } from '../http/index.ts';
import { ProblemError } from '../problems/index.ts';
import { findRenderOrImage } from '../status/index.ts';
import type { LookDeps } from './deps.ts';

/** How long a signed image URL works. */
const URL_LIFETIME_MS = 3_600_000;

/**
 * The render that an address with `:id` names.
 *
 * @throws {ProblemError} `render_not_found`, also for another tenant's: nobody learns what others have.
 */
export async function found(deps: LookDeps, request: FastifyRequest): Promise<Standing> {
  const { id } = request.params as { id: string };
  const standing = await findRenderOrImage(deps.archive, tenantOf(request), id);
  if (!standing) throw new ProblemError('render_not_found', 'There is no render with this id.');
  return standing;
}

/** What a caller is told of a render, with links that lead back the way they came. */
export async function told(
  deps: LookDeps,
  request: FastifyRequest,
  standing: Standing,
): Promise<RenderAnswer> {
  const links = renderLinks(baseUrl(request), standing.renderId);
  const urls = standing.image && (await imageUrls(deps, standing.image, links.self));
  return renderAnswer(standing, links, urls);
}

/** From the store itself where it can sign, else from us. A status needs no store: without one it is us, too. */
async function imageUrls({ store }: LookDeps, image: StoredImage, self: string) {
  const sign = async (key: string) => await store.signedUrl(key, URL_LIFETIME_MS).catch(() => undefined);
  const [url, thumbnail] = await Promise.all([sign(image.key), sign(image.thumbnailKey)]);
  return { image: url ?? `${self}/image`, thumbnail: thumbnail ?? `${self}/thumbnail` };
}
