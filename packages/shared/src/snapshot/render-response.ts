import {
  type AcceptedResponse,
  type Durability,
  FAILURES,
  type FailureCode,
  type ProblemCode,
  type RenderResponse,
  type WaitCode,
  type WaitingFor,
} from '@darkroom/api';
import { type Cost, type Purchase, sumCost } from '../render/index.ts';
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

/** The page that explains a problem of the API, or the failure or the wait of a render. */
export const problemPath = (code: ProblemCode | FailureCode | WaitCode) => `/problems/${code}`;

const toIsoTime = (at: number) => new Date(at).toISOString();
const toIsoTimeOrNull = (at: number | undefined) => (at === undefined ? null : toIsoTime(at));

/** Where the image of a render can be downloaded. */
export interface ImageUrls {
  image: string;
  thumbnail: string;
  /** Unix milliseconds: when both stop working. Absent for URLs that are not signed. */
  expiresAt?: number | undefined;
}

/**
 * The API's response about a render.
 *
 * @param base the URL of the API.
 * @param imageUrls needed only when the snapshot has an image
 */
export function renderResponse(
  snapshot: RenderSnapshot,
  base: string,
  imageUrls: ImageUrls | undefined,
  waitingFor: WaitingFor | null = null,
): RenderResponse {
  const { image, purchases, request, error } = snapshot;
  return {
    id: snapshot.renderId,
    object: 'render',
    status: snapshot.status,
    progress: snapshot.progress,
    waiting_for: waitingFor,
    attempts: snapshot.attempts,
    task_ids: snapshot.taskIds,
    created_at: toIsoTime(snapshot.createdAt),
    updated_at: toIsoTime(snapshot.updatedAt),
    started_at: toIsoTimeOrNull(snapshot.startedAt),
    completed_at: snapshot.status === 'completed' ? toIsoTime(snapshot.updatedAt) : null,
    tenant: snapshot.tenant,
    run: request.run ?? null,
    ...(snapshot.copyOf === undefined ? {} : { copy_of: snapshot.copyOf }),
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
            url_expires_at: toIsoTimeOrNull(imageUrls.expiresAt),
            ...(image.warnings ? { warnings: image.warnings } : {}),
          }
        : null,
    cost: costResponse(purchases),
    error: error
      ? {
          type: `${base}${problemPath(error.code)}`,
          code: error.code,
          retryable: FAILURES[error.code].retryable,
          message: error.message,
          step: error.step,
        }
      : null,
    links: renderLinks(base, snapshot.renderId),
  };
}

function costResponse(purchases: Purchase[]): RenderResponse['cost'] {
  const { spentMicros, refundedMicros, possiblySpentMicros } = sumCost(purchases);
  return {
    spent: formatDollars(spentMicros),
    refunded: formatDollars(refundedMicros),
    possibly_spent: formatDollars(possiblySpentMicros),
    currency: 'USD',
    purchases: purchases.length,
  };
}

export function acceptedResponse(
  accepted: Pick<RenderSnapshot, 'renderId' | 'status' | 'progress' | 'createdAt'> & {
    duplicate: boolean;
    durability?: Durability;
  },
  links: RenderLinks,
): AcceptedResponse {
  return {
    id: accepted.renderId,
    object: 'render',
    status: accepted.status,
    progress: accepted.progress,
    duplicate: accepted.duplicate,
    ...(accepted.durability ? { durability: accepted.durability } : {}),
    created_at: toIsoTime(accepted.createdAt),
    links,
  };
}

/** The amounts of a cost that are not zero, for people: `$0.025 spent, $0.040 possibly spent`. */
export function describeCost({ spentMicros, refundedMicros, possiblySpentMicros }: Cost): string {
  const parts = [
    [refundedMicros, 'refunded'],
    [possiblySpentMicros, 'possibly spent'],
  ] as const;
  const others = parts.flatMap(([micros, name]) => (micros > 0 ? `, $${formatDollars(micros)} ${name}` : []));
  return `$${formatDollars(spentMicros)} spent${others.join('')}`;
}

/** Dollars, as the API has them, in micro-dollars. Exact. */
export function parseDollars(text: string): number {
  const [whole = '', fraction = ''] = text.split('.');
  return Number(whole) * 1_000_000 + Number(fraction.padEnd(6, '0'));
}

/** Micro-dollars as dollars, with at least three decimals and no more than needed: 25000 → `0.025`. */
export function formatDollars(micros: number): string {
  const whole = Math.trunc(micros / 1_000_000);
  const fraction = String(micros % 1_000_000).padStart(6, '0');
  return `${whole}.${fraction.slice(0, 3)}${fraction.slice(3).replace(/0+$/, '')}`;
}
