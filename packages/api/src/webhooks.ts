import { z } from 'zod';
import { RENDER_ID } from './fields.ts';
import { renderSchema } from './responses.ts';

/** What a webhook can tell. */
export const EVENT_TYPES = ['render.completed', 'render.failed', 'render.canceled'] as const;
export type EventType = (typeof EVENT_TYPES)[number];

/** The body of a webhook. Signed as the Standard Webhooks specification says (`webhook-id`, `-timestamp`, `-signature`). */
export const webhookEventSchema = z
  .strictObject({
    type: z.enum(EVENT_TYPES),
    timestamp: z.iso.datetime().meta({ description: 'When the render ended.' }),
    data: renderSchema,
  })
  .meta({ id: 'WebhookEvent' });

export const DELIVERY_STATUSES = ['pending', 'delivered', 'failed'] as const;

/** How the telling of one end of a render goes. */
export const deliverySchema = z
  .strictObject({
    id: z.string().meta({ description: 'The `webhook-id` that the receiver sees; the same in every try.' }),
    object: z.literal('delivery'),
    render_id: z.string().regex(RENDER_ID),
    event: z.enum(EVENT_TYPES),
    host: z.string().meta({ description: 'Where it goes; the rest of the URL may be secret.' }),
    status: z.enum(DELIVERY_STATUSES),
    attempts: z.number().int(),
    created_at: z.iso.datetime(),
    next_attempt_at: z.iso.datetime().nullable(),
    last_error: z.string().nullable(),
  })
  .meta({ id: 'Delivery' });

/** `GET /v1/renders/{id}/deliveries`, 200: newest first. */
export const deliveryListSchema = z
  .strictObject({ object: z.literal('list'), data: z.array(deliverySchema) })
  .meta({ id: 'DeliveryList' });

export type WebhookEvent = z.infer<typeof webhookEventSchema>;
export type DeliveryResponse = z.infer<typeof deliverySchema>;
export type DeliveryListResponse = z.infer<typeof deliveryListSchema>;
