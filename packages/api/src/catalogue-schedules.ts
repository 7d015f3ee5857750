import { z } from 'zod';
import { catalogueName, catalogueRun, nightDate } from './catalogue-fields.ts';
import { ENDED_CATALOGUE_RUN_STATUSES } from './catalogue-runs.ts';
import { TENANT } from './fields.ts';

/**
 * What can be wrong with a night of a schedule. Metrics and the alarms in the store use these names, so they must not change.
 *
 * - `missed`: it did not run, and will not
 * - `did_not_start`: no worker began it within its grace time
 * - `will_miss_deadline`: it has not ended at `finish_by`, or cannot end by then
 * - `ended_with_failures`: it did not deliver an image of every item
 * - `too_fast`: it is completed, but took less than `min_duration`
 */
export const CATALOGUE_ALARMS = [
  'missed',
  'did_not_start',
  'will_miss_deadline',
  'ended_with_failures',
  'too_fast',
] as const;

/** The body of `PUT /v1/catalogues/{name}/schedule`. */
export const catalogueScheduleRequestSchema = z
  .strictObject({
    file: z.string().min(1).max(100_000).meta({
      description:
        'The text of a catalogue file with `schedule`. Its source is an https or s3 URL. Without `tenant`, it belongs to the tenant of the key.',
    }),
  })
  .meta({ id: 'CatalogueScheduleRequest' });

/** The schedule of a catalogue, and what became of its last night. */
export const catalogueScheduleSchema = z
  .strictObject({
    object: z.literal('catalogue_schedule'),
    catalogue: catalogueName,
    tenant: z.string().regex(TENANT),
    cron: z.string(),
    time_zone: z.string(),
    actor: z.string().meta({ description: 'Who scheduled it.' }),
    scheduled_at: z.iso.datetime(),
    next_night: z
      .strictObject({ date: nightDate, due_at: z.iso.datetime() })
      .nullable()
      .meta({ description: 'Null: the schedule never fires again.' }),
    last_night: z
      .strictObject({
        date: nightDate,
        outcome: z.enum(['started', 'missed']),
        run: catalogueRun.nullable(),
        status: z
          .enum([...ENDED_CATALOGUE_RUN_STATUSES, 'open'])
          .nullable()
          .meta({
            description: 'How its run ended; `open` before its end. Null for a missed night.',
          }),
        reason: z.string().nullable().meta({ description: 'Why it is not completed, for people.' }),
      })
      .nullable()
      .meta({ description: 'The last night that is over or runs. Null before the first one.' }),
    alarms: z
      .array(
        z.strictObject({
          code: z.enum(CATALOGUE_ALARMS),
          date: nightDate,
          run: catalogueRun.nullable(),
          message: z.string(),
          raised_at: z.iso.datetime(),
        }),
      )
      .meta({
        description:
          'Alarms of the last eight days. They end when a later night is completed, or a later run that a person started.',
      }),
  })
  .meta({ id: 'CatalogueSchedule' });

/** One catalogue in `GET /v1/catalogues`. */
export const catalogueSchema = z
  .strictObject({
    object: z.literal('catalogue'),
    name: catalogueName,
    tenant: z.string().regex(TENANT),
    latest: z
      .strictObject({ run: catalogueRun, items: z.number().int(), finished_at: z.iso.datetime() })
      .nullable()
      .meta({ description: 'The last good run. Null before the first one.' }),
    open_runs: z.array(catalogueRun).meta({ description: 'Runs that have not ended.' }),
    schedule: catalogueScheduleSchema.nullable().meta({ description: 'Null: it runs only when asked.' }),
  })
  .meta({ id: 'CatalogueSummary' });

/** `GET /v1/catalogues`, 200. */
export const catalogueListSchema = z
  .strictObject({ object: z.literal('list'), data: z.array(catalogueSchema) })
  .meta({ id: 'CatalogueList' });

export type CatalogueResponse = z.infer<typeof catalogueSchema>;
export type CatalogueListResponse = z.infer<typeof catalogueListSchema>;
export type CatalogueScheduleRequest = z.infer<typeof catalogueScheduleRequestSchema>;
export type CatalogueScheduleResponse = z.infer<typeof catalogueScheduleSchema>;
