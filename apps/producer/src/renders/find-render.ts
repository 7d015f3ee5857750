import type { RenderResponse } from '@darkroom/api';
import { type ObjectStore } from '@darkroom/shared/object-store';
import { type Clock } from '@darkroom/shared/runtime';
import { type RenderSnapshot, renderLinks, renderResponse } from '@darkroom/shared/snapshot';
import type { FastifyRequest } from 'fastify';
import { type LimitWaiting, requireTenant, type SignedLinks } from '../access/index.ts';
import { resolveBaseUrl } from '../http/index.ts';
import { findRenderOrImage, type ListRenders, type LookupDeps } from '../lookup/index.ts';
import { ProblemError } from '../problems/index.ts';
import type { RenderWatch } from '../render-watch/index.ts';
import { createImageUrl } from './image-links.ts';

/** What the endpoints that read renders need. */
export interface RenderReadDeps {
  lookup: LookupDeps;
  store: ObjectStore;
  links: SignedLinks;
  watch: RenderWatch;
  limitWaiting: LimitWaiting;
  list: ListRenders;
  clock: Clock;
}

const URL_LIFETIME_MS = 3_600_000;

/**
 * The render that the `:id` of a path names.
 *
 * @throws {ProblemError} `render_not_found`, also for another tenant's render: its existence stays secret.
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

/** The API's response about a render. Its links start with the URL by which the caller reached this API. */
export async function createRenderResponse(
  deps: RenderReadDeps,
  request: FastifyRequest,
  snapshot: RenderSnapshot,
): Promise<RenderResponse> {
  const urlOf = (part: 'image' | 'thumbnail') =>
    createImageUrl(deps, request, snapshot, { part, lifetimeMs: URL_LIFETIME_MS, sign: 'if-needed' });
  const [image, thumbnail] = snapshot.image ? await Promise.all([urlOf('image'), urlOf('thumbnail')]) : [];
  return renderResponse(
    snapshot,
    renderLinks(resolveBaseUrl(request), snapshot.renderId),
    image && thumbnail ? { image, thumbnail } : undefined,
  );
}
