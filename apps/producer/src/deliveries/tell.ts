import type { DeliveryListResponse, DeliveryResponse } from '@darkroom/api';
import type { Delivery } from '../backends/webhook-deliveries.ts';

const toIsoTime = (at: number) => new Date(at).toISOString();

/** Deliveries as the API tells them: where they go by host alone, as the rest of a URL may be secret (I8). */
export const toDeliveryList = (deliveries: Delivery[]): DeliveryListResponse => ({
  object: 'list',
  data: deliveries.map(toDeliveryResponse),
});

function toDeliveryResponse({ id, job, status, attempts, ...more }: Delivery): DeliveryResponse {
  return {
    id,
    object: 'delivery',
    render_id: job.renderId,
    event: `render.${job.status}`,
    host: hostOf(job.to),
    status,
    attempts,
    created_at: toIsoTime(more.createdAt),
    next_attempt_at: more.nextAttemptAt === undefined ? null : toIsoTime(more.nextAttemptAt),
    last_error: more.lastError ?? null,
  };
}

function hostOf(to: Delivery['job']['to']): string {
  switch (to.kind) {
    case 'url':
      return new URL(to.url).host;
    case 'stored-url':
      return to.host;
    case 'stored':
      // No webhook goes to bytes.
      return '';
  }
}
