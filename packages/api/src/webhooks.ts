import { z } from 'zod';
import type { CatalogueAlarmEvent, CatalogueFinishedEvent } from './catalogue-events.ts';
import { DELIVERY_STATUSES, RENDER_ID } from './fields.ts';
import { renderSchema } from './responses.ts';
import type { RunEvent } from './runs.ts';

/** The types of webhooks about renders. */
export const EVENT_TYPES = ['render.completed', 'render.failed', 'render.canceled'] as const;
export type EventType = (typeof EVENT_TYPES)[number];

/** The body of a webhook about a render. Its headers follow Standard Webhooks: `webhook-id`, `webhook-timestamp`, `webhook-signature`. */
export const webhookEventSchema = z
  .strictObject({
    type: z.enum(EVENT_TYPES),
    timestamp: z.iso.datetime().meta({ description: 'When the render ended.' }),
    data: renderSchema,
  })
  .meta({ id: 'WebhookEvent' });

/** The delivery of one webhook. */
export const deliverySchema = z
  .strictObject({
    id: z.string().meta({
      description: 'The value of the header `webhook-id`. All delivery attempts have the same value.',
    }),
    object: z.literal('delivery'),
    render_id: z.string().regex(RENDER_ID),
    event: z.enum(EVENT_TYPES),
    host: z.string().meta({
      description: 'The host of the webhook URL. The rest of the URL may be secret and is not shown.',
    }),
    status: z.enum(DELIVERY_STATUSES),
    attempts: z.number().int().meta({ description: 'The number of delivery attempts so far.' }),
    created_at: z.iso.datetime(),
    next_attempt_at: z.iso
      .datetime()
      .nullable()
      .meta({ description: 'Set when another delivery attempt is planned.' }),
    last_error: z
      .string()
      .nullable()
      .meta({ description: 'The reason of the last failed delivery attempt.' }),
  })
  .meta({ id: 'Delivery' });

/** `GET /v1/renders/{id}/deliveries`, 200. The newest delivery is first. */
export const deliveryListSchema = z
  .strictObject({ object: z.literal('list'), data: z.array(deliverySchema) })
  .meta({ id: 'DeliveryList' });

export type RenderEvent = z.infer<typeof webhookEventSchema>;
/** The body of any webhook. Its `type` says what it is about. */
export type WebhookEvent = RenderEvent | RunEvent | CatalogueFinishedEvent | CatalogueAlarmEvent;
export type DeliveryResponse = z.infer<typeof deliverySchema>;
export type DeliveryListResponse = z.infer<typeof deliveryListSchema>;
