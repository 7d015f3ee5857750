import { FAILURE_CODES, MODELS, RENDER_ID } from '@darkroom/api';
import { z } from 'zod';

/** ToAPIs' responses. Times are Unix seconds. */

const task = {
  id: z.string().regex(RENDER_ID).meta({ description: 'The id of the render, also at /v1/renders/{id}.' }),
  object: z.literal('generation.task'),
  model: z.enum(MODELS),
  progress: z.number().int().min(0).max(100),
  created_at: z.number().int(),
  metadata: z.strictObject({}),
};

/** Codes of a task with status `failed`. `canceled`: the render was canceled. */
export const TASK_ERRORS = [...FAILURE_CODES, 'canceled'] as const;

export const taskSchema = z
  .union([
    z.strictObject({ ...task, status: z.enum(['queued', 'in_progress']) }),
    z.strictObject({
      ...task,
      status: z.literal('completed'),
      completed_at: z.number().int(),
      expires_at: z
        .number()
        .int()
        .meta({ description: 'When the URL expires. The image itself stays available.' }),
      result: z.strictObject({
        type: z.literal('image'),
        data: z.tuple([z.strictObject({ url: z.url() })]),
      }),
      url: z.url(),
    }),
    z.strictObject({
      ...task,
      status: z.literal('failed'),
      completed_at: z.number().int(),
      error: z.strictObject({ code: z.enum(TASK_ERRORS), message: z.string() }),
    }),
  ])
  .meta({ id: 'GenerationTask' });

export type Task = z.infer<typeof taskSchema>;

/** Every error. `message` contains the field, what was expected and what was received. */
export const envelopeSchema = z
  .strictObject({
    error: z.strictObject({ code: z.string(), message: z.string(), type: z.string() }),
  })
  .meta({ id: 'ProviderError' });

export const unsuccessfulSchema = z
  .strictObject({ success: z.literal(false), message: z.string() })
  .meta({ id: 'Unsuccessful' });

export const uploadedSchema = z
  .strictObject({
    success: z.literal(true),
    message: z.string(),
    data: z.strictObject({
      id: z.string(),
      url: z.url().meta({ description: 'For `image_urls` and `mask_url` of the same tenant.' }),
      mime_type: z.enum(['image/jpeg', 'image/png', 'image/webp', 'image/gif']),
      size: z.number().int(),
    }),
  })
  .meta({ id: 'Uploaded' });

/** ToAPIs may send more fields. They are passed on. */
export const balanceSchema = z
  .looseObject({
    success: z.literal(true),
    remain_balance: z.number().meta({ description: '-1 when the quota is unlimited.' }),
    used_balance: z.number(),
    unlimited_quota: z.boolean(),
  })
  .meta({ id: 'Balance' });
