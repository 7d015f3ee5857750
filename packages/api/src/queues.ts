import { z } from 'zod';

/** The queues that an operator can pause: a worker runs their jobs. */
export const PAUSABLE_QUEUES = ['render', 'submit', 'store', 'webhook', 'maintenance'] as const;
export type PausableQueue = (typeof PAUSABLE_QUEUES)[number];

/** The body of `POST /v1/queues/{queue}/pause`. */
export const pauseRequestSchema = z
  .strictObject({
    reason: z.string().trim().min(1).max(200).meta({
      description: 'Why the queue is paused, for people. Callers of waiting renders see it.',
    }),
  })
  .meta({ id: 'PauseRequest' });

/** `POST /v1/queues/{queue}/pause` and `/resume`, 200. */
export const queueSchema = z
  .strictObject({
    object: z.literal('queue'),
    name: z.enum(PAUSABLE_QUEUES),
    paused: z
      .strictObject({
        actor: z.string().nullable().meta({ description: 'Who paused it. Null if that is not known.' }),
        reason: z.string().nullable(),
        since: z.iso.datetime().nullable(),
      })
      .nullable()
      .meta({ description: "An operator's pause. Null while the queue is not paused." }),
  })
  .meta({ id: 'Queue' });

/** `GET /v1/queues`, 200. */
export const queueListSchema = z
  .strictObject({ object: z.literal('list'), data: z.array(queueSchema) })
  .meta({ id: 'QueueList' });

export type PauseRequest = z.infer<typeof pauseRequestSchema>;
export type QueueResponse = z.infer<typeof queueSchema>;
export type QueueListResponse = z.infer<typeof queueListSchema>;
