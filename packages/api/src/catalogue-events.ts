import { z } from 'zod';
import { catalogueName, catalogueRun, count, nightDate } from './catalogue-fields.ts';
import { catalogueRunSchema, ENDED_CATALOGUE_RUN_STATUSES } from './catalogue-runs.ts';
import { CATALOGUE_ALARMS } from './catalogue-schedules.ts';
import { TENANT } from './fields.ts';
import { amountSchema } from './responses.ts';

/** The body of the webhook about the end of a run of a catalogue. */
export const catalogueFinishedSchema = z
  .strictObject({
    type: z.literal('catalogue.finished'),
    timestamp: z.iso.datetime().meta({ description: 'When the run ended.' }),
    data: z.strictObject({
      tenant: z.string().regex(TENANT),
      catalogue: catalogueName,
      run: catalogueRun,
      status: z.enum(ENDED_CATALOGUE_RUN_STATUSES),
      reason: z.string().nullable().meta({ description: 'Why it is not completed, for people.' }),
      requested_at: z.iso.datetime(),
      ended_at: z.iso.datetime(),
      rows: count('Rows of the source.').nullable(),
      counts: catalogueRunSchema.shape.counts,
      removed: count('Items that the source does not have any more.'),
      cost: z.strictObject({
        spent: amountSchema,
        refunded: amountSchema,
        possibly_spent: amountSchema,
        currency: z.literal('USD'),
      }),
      problems: count('Why it stopped, or what is wrong with rows in quarantine. The run has the list.'),
      manifest: catalogueRunSchema.shape.manifest,
      links: z.strictObject({
        self: z.url(),
        report: z.url().nullable().meta({ description: 'Null: it delivered nothing.' }),
      }),
    }),
  })
  .meta({ id: 'CatalogueFinishedEvent' });

/** The body of the webhook about an alarm. */
export const catalogueAlarmSchema = z
  .strictObject({
    type: z.literal('catalogue.alarm'),
    timestamp: z.iso.datetime().meta({ description: 'When the alarm was raised.' }),
    data: z.strictObject({
      tenant: z.string().regex(TENANT),
      catalogue: catalogueName,
      date: nightDate.meta({ description: 'The local date of the night.' }),
      run: catalogueRun.nullable(),
      code: z.enum(CATALOGUE_ALARMS),
      message: z.string(),
      links: z.strictObject({ run: z.url().nullable() }),
    }),
  })
  .meta({ id: 'CatalogueAlarmEvent' });

export type CatalogueFinishedEvent = z.infer<typeof catalogueFinishedSchema>;
export type CatalogueAlarmEvent = z.infer<typeof catalogueAlarmSchema>;
