import type { AcceptedResponse, RenderResponse } from '@darkroom/api';
import { sumCost } from '../render/index.ts';
import type { RenderSnapshot } from './render-snapshot.ts';

/** The absolute URLs of one render. */
export interface RenderLinks {
  self: string;
  page: string;
  dashboard: string;
}

export function renderLinks(base: string, renderId: string): RenderLinks {
  return {
    self: `${base}/v1/renders/${renderId}`,
    page: `${base}/renders/${renderId}`,
    dashboard: `${base}${dashboardPath(renderId)}`,
  };
}

export const dashboardPath = (renderId: string) => `/queues/queue/render/${renderId}`;

const toIsoTime = (at: number) => new Date(at).toISOString();

/** The API's response about a render. @param imageUrls needed only when the snapshot has an image */
export function renderResponse(
  snapshot: RenderSnapshot,
  links: RenderLinks,
  imageUrls: { image: string; thumbnail: string } | undefined,
): RenderResponse {
  const { image, purchases, request, error } = snapshot;
  return {
    id: snapshot.renderId,
    object: 'render',
    status: snapshot.status,
    progress: snapshot.progress,
    attempts: snapshot.attempts,
    task_ids: snapshot.taskIds,
    created_at: toIsoTime(snapshot.createdAt),
    updated_at: toIsoTime(snapshot.updatedAt),
    tenant: snapshot.tenant,
    run: request.run ?? null,
    metadata: request.metadata ?? {},
    request: {
      model: request.model,
      prompt: request.prompt,
      size: request.size ?? null,
      resolution: request.resolution,
      priority: request.priority,
      images: request.images.length,
      mask: request.mask !== undefined,
    },
    image:
      image && imageUrls
        ? {
            key: image.key,
            url: imageUrls.image,
            sha256: image.sha256,
            bytes: image.bytes,
            width: image.width,
            height: image.height,
            content_type: image.contentType,
            thumbnail_url: imageUrls.thumbnail,
            ...(image.warnings ? { warnings: image.warnings } : {}),
          }
        : null,
    cost: {
      amount: formatDollars(sumCost(purchases)),
      currency: 'USD',
      purchases: purchases.length,
      refunded: purchases.filter((purchase) => purchase.refunded).length,
    },
    error: error ? { code: error.code, message: error.message, step: error.step } : null,
    links,
  };
}

export function acceptedResponse(
  accepted: Pick<RenderSnapshot, 'renderId' | 'status' | 'progress' | 'createdAt'> & { duplicate: boolean },
  links: RenderLinks,
): AcceptedResponse {
  return {
    id: accepted.renderId,
    object: 'render',
    status: accepted.status,
    progress: accepted.progress,
    duplicate: accepted.duplicate,
    created_at: toIsoTime(accepted.createdAt),
    links,
  };
}

/** Micro-dollars as dollars, with at least three decimals and no more than needed: 25000 → `0.025`. */
export function formatDollars(micros: number): string {
  const whole = Math.trunc(micros / 1_000_000);
  const fraction = String(micros % 1_000_000).padStart(6, '0');
  return `${whole}.${fraction.slice(0, 3)}${fraction.slice(3).replace(/0+$/, '')}`;
}
