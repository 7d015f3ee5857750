import { z } from 'zod';
import { MODELS, RUN, TENANT } from './fields.ts';
import { PAUSABLE_QUEUES } from './queues.ts';

/** The name of a pause. The pause of a whole queue has the name `queue-` and the name of the queue. */
export const PAUSE_NAME = /^[a-z0-9][a-z0-9-]{0,62}$/;

const reason = z.string().trim().min(1).max(200);

/** The body of `POST /v1/pauses`. */
export const createPauseSchema = z
  .strictObject({
    reason: reason.meta({ description: 'Why, for people. Callers of waiting renders see it.' }),
    name: z
      .string()
      .regex(PAUSE_NAME, { error: 'expected lower-case letters, digits and hyphens, at most 63' })
      .optional()
      .meta({ description: 'By this name the pause is ended. Without it, Darkroom makes one.' }),
    owner: z.string().trim().min(1).max(100).optional().meta({
      description: 'The person or machine that knows when it can end. By default the caller.',
    }),
    until: z.iso
      .datetime({ offset: true })
      .optional()
      .meta({ description: 'When the pause ends by itself. Without it, only an operator ends the pause.' }),
    tenant: z.string().regex(TENANT).optional().meta({ description: 'Only renders of this tenant.' }),
    run: z.string().regex(RUN).optional().meta({ description: 'Only renders with this `run`.' }),
    model: z.enum(MODELS).optional().meta({ description: 'Only renders of this model.' }),
  })
  .meta({ id: 'CreatePause' });

/** A pause in `GET /v1/pauses`. */
export const pauseSchema = z
  .strictObject({
    object: z.literal('pause'),
    name: z.string(),
    scope: z
      .strictObject({
        tenant: z.string().nullable(),
        run: z.string().nullable(),
        model: z.string().nullable(),
        queue: z.enum(PAUSABLE_QUEUES).nullable().meta({
          description: 'The whole queue is paused: for all renders, also those that are paid.',
        }),
      })
      .meta({
        description:
          'Which renders are not submitted: those that match every field that is not null. Without any, all renders.',
      }),
    reason: z.string().nullable(),
    owner: z.string().nullable().meta({ description: 'Who knows when it can end. Null if it is not known.' }),
    actor: z.string().nullable().meta({ description: 'The caller that made it. Null if it is not known.' }),
    since: z.iso.datetime().nullable(),
    until: z.iso
      .datetime()
      .nullable()
      .meta({ description: 'When it ends by itself. Null: an operator ends it.' }),
  })
  .meta({ id: 'Pause' });

/** `GET /v1/pauses`, 200. */
export const pauseListSchema = z
  .strictObject({ object: z.literal('list'), data: z.array(pauseSchema) })
  .meta({ id: 'PauseList' });

/** The body of `POST /v1/renders/{id}/let-through`. */
export const letThroughSchema = z
  .strictObject({ reason: reason.meta({ description: 'Why this render may pass, for the audit log.' }) })
  .meta({ id: 'LetThrough' });

export type CreatePauseRequest = z.infer<typeof createPauseSchema>;
export type PauseResponse = z.infer<typeof pauseSchema>;
export type PauseListResponse = z.infer<typeof pauseListSchema>;
