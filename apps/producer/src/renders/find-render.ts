import type { RenderResponse, WaitingFor } from '@darkroom/api';
import { type ObjectStore } from '@darkroom/shared/object-store';
import { type Clock } from '@darkroom/shared/runtime';
import {
  findWaitCause,
  type ImageUrls,
  type RenderSnapshot,
  renderResponse,
} from '@darkroom/shared/snapshot';
import type { FastifyRequest } from 'fastify';
import { type HasAccess, type LimitWaiting, requireTenant, type SignedLinks } from '../access/index.ts';
import type { Auditor } from '../audit/index.ts';
import type { IntakeRecorder, WaitConditionsReader } from '../backends/index.ts';
import type { Forecaster } from '../forecast/index.ts';
import { resolveBaseUrl } from '../http/index.ts';
import { findRenderOrImage, type ListRenders, type LookupDeps, notFoundProblem } from '../lookup/index.ts';
import type { RenderWatch } from '../render-watch/index.ts';
import { createImageUrl, type ImageLink } from './image-links.ts';

/** What the endpoints that read renders need. */
export interface RenderReadDeps {
  lookup: LookupDeps;
  recorder: IntakeRecorder;
  store: ObjectStore;
  links: SignedLinks;
  watch: RenderWatch;
  limitWaiting: LimitWaiting;
  hasAccess: HasAccess;
  list: ListRenders;
  waiting: WaitConditionsReader;
  forecaster: Forecaster;
  auditor: Auditor;
  clock: Clock;
}

const URL_LIFETIME_MS = 3_600_000;

/**
 * The render that the `:id` of a path names.
 *
 * @throws {ProblemError} `render_not_found`, also for another tenant's render: its existence stays secret. `restoring`
 * while the queue may lack the render.
 */
export async function findRequestedRender(
  deps: Pick<RenderReadDeps, 'lookup'>,
  request: FastifyRequest,
): Promise<RenderSnapshot> {
  const { id } = request.params as { id: string };
  const snapshot = await findRenderOrImage(deps.lookup, requireTenant(request), id);
  if (!snapshot) throw await notFoundProblem(deps.lookup, id, 'There is no render with this id.');
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
  const imageUrls = image && thumbnail && toImageUrls(image, thumbnail);
  const waitingFor = await readWaitCause(deps, snapshot);
  return renderResponse(snapshot, resolveBaseUrl(request), imageUrls, waitingFor);
}

/** A store that goes away between the two signs only one of them: the other one has no end. */
function toImageUrls(image: ImageLink, thumbnail: ImageLink): ImageUrls {
  return { image: image.url, thumbnail: thumbnail.url, expiresAt: image.expiresAt ?? thumbnail.expiresAt };
}

/** What a render waits for. Null after its end. */
export const readWaitCause = async (
  { waiting, lookup }: Pick<RenderReadDeps, 'waiting' | 'lookup'>,
  { step, ...snapshot }: RenderSnapshot,
): Promise<WaitingFor | null> => {
  if (!step) return null;
  const conditions = await waiting.read();
  const found = findWaitCause({ ...snapshot, step }, conditions);
  if (step !== 'submit' || (found && found.cause !== 'quota')) return found;
  // An attempt that waits to be submitted is not counted yet. What cannot be read keeps nothing waiting.
  const { renderId, attempts } = snapshot;
  const budget = await lookup.queue.readBudgetWait(renderId, attempts + 1).catch(() => undefined);
  return budget ? findWaitCause({ ...snapshot, step, budget }, conditions) : found;
};
