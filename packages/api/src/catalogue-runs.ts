import { z } from 'zod';
import { catalogueName, catalogueRun, count, digest } from './catalogue-fields.ts';
import { TENANT } from './fields.ts';
import { amountSchema } from './responses.ts';

/** What stops a run before it spends. `accept` and the audit log use these names, so they must not change. */
export const CATALOGUE_GUARDS = [
  'stale_source',
  'short_source',
  'many_changes',
  'missing_manifest',
  'unknown_price',
] as const;

/**
 * - `waiting`: no worker has begun yet, or another run of the catalogue has not ended
 * - `planning`: it reads the source and decides what it buys
 * - `rendering`: its renders are added and end
 * - `delivering`: it writes the manifest
 * - `completed`: every item has its image
 * - `partial`: an item has none, because it failed, or the deadline or the budget came first; or it is quarantined
 * - `canceled`: an operator ended it; what was bought is delivered
 * - `stopped`: it bought nothing, because of problems, a guard, another run, or a plan that was not the approved one
 */
export const CATALOGUE_RUN_STATUSES = [
  'waiting',
  'planning',
  'rendering',
  'delivering',
  'completed',
  'partial',
  'canceled',
  'stopped',
] as const;
export type CatalogueRunStatus = (typeof CATALOGUE_RUN_STATUSES)[number];

/** A run leaves these statuses never. */
export const ENDED_CATALOGUE_RUN_STATUSES = [
  'completed',
  'partial',
  'canceled',
  'stopped',
] as const satisfies CatalogueRunStatus[];

/** The body of `POST /v1/catalogues/{name}/runs`. */
export const catalogueRunRequestSchema = z
  .strictObject({
    file: z.string().min(1).max(100_000).meta({
      description: 'The text of the catalogue file. Without `tenant`, it belongs to the tenant of the key.',
    }),
    files: digest.optional().meta({
      description:
        'The digest of the list of uploaded files: one JSON object per line with `path`, `sha256`, `bytes` and `modified_at`. Upload the files and then the list. Needed for a source or reference images that are paths.',
    }),
    run: catalogueRun.optional().meta({
      description:
        'The name of the run. Without it, the date in the time zone of the schedule, so that a second start on the same day is the same run. After a run that stopped, a number follows.',
    }),
    accept: z.array(z.enum(CATALOGUE_GUARDS)).max(10).optional().meta({
      description: 'Guards that the run passes. The audit log has them.',
    }),
    plan: z
      .strictObject({
        catalogue_sha256: digest,
        source_sha256: digest,
        manifest_sha256: digest.nullable(),
        decisions_sha256: digest,
        price: amountSchema.nullable(),
      })
      .optional()
      .meta({
        description:
          'The digests and the price of an approved plan. The run stops if it would do anything else, or if it is dearer.',
      }),
  })
  .meta({ id: 'CatalogueRunRequest' });

const problem = z.strictObject({
  in: z.enum(['catalogue', 'source', 'manifest']),
  line: z.number().int().nullable(),
  field: z.string().nullable(),
  message: z.string(),
});

/**
 * Why a run of a catalogue has no ETA. Of several reasons the first one of this list.
 *
 * - `ended`: it has ended
 * - `unavailable`: the queue does not have its job; a worker adds it again
 * - `waiting`: no worker has begun yet, or it waits for what `reason` says
 * - `planning`: it is not known yet what it buys
 * - `delivering`: all of its renders have ended
 * - `too_few_samples`: no item has ended in the last ten minutes
 */
export const CATALOGUE_ETA_REASONS = [
  'ended',
  'unavailable',
  'waiting',
  'planning',
  'delivering',
  'too_few_samples',
] as const;
export type CatalogueEtaReason = (typeof CATALOGUE_ETA_REASONS)[number];

/** A run, 202 and 200. */
export const catalogueRunSchema = z
  .strictObject({
    object: z.literal('catalogue_run'),
    catalogue: catalogueName,
    tenant: z.string().regex(TENANT),
    run: catalogueRun,
    status: z.enum(CATALOGUE_RUN_STATUSES).meta({
      description:
        '`waiting`, `planning`, `rendering` and `delivering` can change. `completed`: every item has its image. `partial`: an item has none, or is quarantined. `canceled`: by an operator; what was bought is delivered. `stopped`: it bought nothing; `reason` says why.',
    }),
    reason: z.string().nullable().meta({ description: 'Why it waits, or is not completed, for people.' }),
    actor: z.string(),
    retry_of: catalogueRun.nullable().meta({ description: 'The run whose missing images it buys again.' }),
    requested_at: z.iso.datetime(),
    started_at: z.iso.datetime().nullable(),
    ended_at: z.iso.datetime().nullable(),
    accepted: z.array(z.enum(CATALOGUE_GUARDS)).meta({ description: 'Guards that the run passes.' }),
    stops_buying: z
      .enum(['deadline', 'canceled'])
      .nullable()
      .meta({ description: 'Why it buys nothing more. What was bought is still stored.' }),
    rows: count('Rows of the source.').nullable(),
    items: count('Images that the catalogue wants. Null while it plans.').nullable(),
    buys: count('Images that the plan buys.').nullable(),
    price: amountSchema.nullable().meta({ description: 'The price of the plan, in US dollars.' }),
    ended: count('Items whose renders have ended, and items that need none.'),
    pending: count('Renders in the queue that have not ended.'),
    eta: z.iso.datetime().nullable().meta({
      description: 'When its last item has ended, at the rate of the last ten minutes.',
    }),
    eta_reason: z.enum(CATALOGUE_ETA_REASONS).nullable().meta({
      description:
        'Why there is no ETA. Null when there is one. `ended`: it has ended. `unavailable`: the queue does not have its job, and a worker adds it again. `waiting`: no worker has begun yet, or it waits for what `reason` says. `planning`: it is not known yet what it buys. `delivering`: all of its renders have ended. `too_few_samples`: no item has ended in the last ten minutes.',
    }),
    counts: z
      .strictObject({
        items: count('Items whose result is stored: the sum of the others.'),
        bought: count('Images that this run bought.'),
        unchanged: count('Images of earlier runs that are used again.'),
        quarantined: count('Items whose rows are not valid. They keep the images that they have.'),
        not_bought: count('Items that the deadline, the budget or a cancel left out.'),
        failed: count('Items that have no image although they were tried.'),
      })
      .meta({
        description: 'After the end: `bought + unchanged + quarantined + not_bought + failed = items`.',
      }),
    cost: z.strictObject({
      spent: amountSchema,
      refunded: amountSchema.nullable(),
      possibly_spent: amountSchema.nullable(),
      currency: z.literal('USD'),
    }),
    guards: z.array(
      z.strictObject({ name: z.enum(CATALOGUE_GUARDS), message: z.string(), accepted: z.boolean() }),
    ),
    problems: z
      .strictObject({
        count: z.number().int(),
        listed: z.array(problem).max(100).meta({ description: 'The first 100.' }),
      })
      .meta({ description: 'Why it stopped, or what is wrong with the rows that are quarantined.' }),
    manifest: z
      .strictObject({ key: z.string(), sha256: digest, bytes: z.number().int(), items: z.number().int() })
      .nullable()
      .meta({ description: 'Its object in the store, after the end.' }),
    links: z.strictObject({ self: z.url() }),
  })
  .meta({ id: 'CatalogueRun' });

/** `GET /v1/catalogues/{name}/runs`, 200. The latest is first. */
export const catalogueRunListSchema = z
  .strictObject({
    object: z.literal('list'),
    data: z.array(catalogueRunSchema),
    next_cursor: z.string().nullable(),
  })
  .meta({ id: 'CatalogueRunList' });

/** The body of `POST /v1/catalogues/{name}/runs/{run}/retry`. It may be absent. */
export const catalogueRetrySchema = z
  .strictObject({
    not_bought: z.boolean().default(false).meta({
      description: 'Also buy what the deadline, the budget or a cancel left out.',
    }),
    codes: z.array(z.string().min(1).max(100)).min(1).max(50).optional().meta({
      description:
        'Buy only items with these errors. Without it, all, except those whose image may be paid for: they would be paid a second time.',
    }),
    price: amountSchema.optional().meta({
      description: 'The price that was shown, in US dollars. A run that is dearer stops.',
    }),
  })
  .meta({ id: 'CatalogueRetry' });

/** `GET /v1/catalogues/{name}/runs/{run}/failures`, 200. */
export const catalogueFailuresSchema = z
  .strictObject({
    object: z.literal('catalogue_failures'),
    catalogue: catalogueName,
    run: catalogueRun,
    data: z
      .array(
        z.strictObject({
          status: z.enum(['failed', 'not_bought']),
          code: z.string(),
          items: count('Items without an image.'),
          price: amountSchema.meta({ description: 'One purchase of each, in US dollars.' }),
          fails_again: z.boolean().meta({
            description: 'The same request fails again. Change the prompt or the source.',
          }),
          may_be_paid: z.boolean().meta({
            description:
              'The image may be paid for. A redrive of the render gets it without a second purchase.',
          }),
        }),
      )
      .meta({ description: 'What has no image, by error. The most items are first.' }),
  })
  .meta({ id: 'CatalogueFailures' });

/** `PUT` and `GET /v1/catalogues/{name}/files/{sha256}`, 200. */
export const catalogueFileSchema = z
  .strictObject({ object: z.literal('catalogue_file'), sha256: digest, bytes: z.number().int().min(0) })
  .meta({ id: 'CatalogueFile' });

/** The body of `POST /v1/catalogues/{name}/runs/{run}/cancel`. It may be absent. */
export const catalogueCancelSchema = z
  .strictObject({
    reason: z.string().trim().min(1).max(200).optional().meta({ description: 'Why, for people.' }),
  })
  .meta({ id: 'CatalogueCancel' });

export type CatalogueRunRequest = z.infer<typeof catalogueRunRequestSchema>;
export type CatalogueRetry = z.input<typeof catalogueRetrySchema>;
export type CatalogueFailuresResponse = z.infer<typeof catalogueFailuresSchema>;
export type CatalogueRunResponse = z.infer<typeof catalogueRunSchema>;
export type CatalogueRunListResponse = z.infer<typeof catalogueRunListSchema>;
export type CatalogueFileResponse = z.infer<typeof catalogueFileSchema>;
