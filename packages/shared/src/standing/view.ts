import type { AcceptedAnswer, RenderAnswer } from '@darkroom/api';
import { costOf } from '../render/index.ts';
import { dollars } from './money.ts';
import type { Standing } from './standing.ts';

/** Addresses of one render, absolute. */
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

const iso = (at: number) => new Date(at).toISOString();

/** What a caller is told about a render. `imageUrls` are asked for only when there is an image. */
export function renderAnswer(
  standing: Standing,
  links: RenderLinks,
  imageUrls: { image: string; thumbnail: string } | undefined,
): RenderAnswer {
  const { image, purchases, request, error } = standing;
  return {
    id: standing.renderId,
    object: 'render',
    status: standing.status,
    progress: standing.progress,
    attempts: standing.attempts,
    task_ids: standing.taskIds,
    created_at: iso(standing.createdAt),
    updated_at: iso(standing.updatedAt),
    tenant: standing.tenant,
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
          }
        : null,
    cost: {
      amount: dollars(costOf(purchases)),
      currency: 'USD',
      purchases: purchases.length,
      refunded: purchases.filter((purchase) => purchase.refunded).length,
    },
    error: error ? { code: error.code, message: error.message, step: error.step } : null,
    links,
  };
}

export function acceptedAnswer(
  accepted: Pick<Standing, 'renderId' | 'status' | 'progress' | 'createdAt'> & { duplicate: boolean },
  links: RenderLinks,
): AcceptedAnswer {
  return {
    id: accepted.renderId,
    object: 'render',
    status: accepted.status,
    progress: accepted.progress,
    duplicate: accepted.duplicate,
    created_at: iso(accepted.createdAt),
    links,
  };
}
