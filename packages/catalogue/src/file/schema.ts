import { CATALOGUE_NAME, LIMITS, renderRequestSchema, TENANT } from '@darkroom/api';
import { z } from 'zod';
import { classifyCron } from '../nights/index.ts';
import { parseDuration } from './duration.ts';

const MAX_VIEWS = 20;
const MAX_OVERRIDES = 200;
/** Each is kept in memory while a plan is made. */
const MAX_QUARANTINED = 10_000;
/** A template may be longer than the prompts that it gives. */
const MAX_TEMPLATE = 20 * LIMITS.prompt;

export const SOURCE_FORMATS = ['csv', 'jsonl'] as const;
export const ENCODINGS = ['utf-8', 'utf-16le', 'utf-16be', 'windows-1252'] as const;
export const DELIMITERS = [',', ';', '\t', '|'] as const;
export const IMAGE_FORMATS = ['jpg', 'png', 'webp'] as const;
export type ImageFormat = (typeof IMAGE_FORMATS)[number];
/** Of the IPTC's list of digital source types: those of images that a model made. */
export const DIGITAL_SOURCE_TYPES = [
  'trainedAlgorithmicMedia',
  'compositeWithTrainedAlgorithmicMedia',
] as const;
export type DigitalSourceType = (typeof DIGITAL_SOURCE_TYPES)[number];

const request = renderRequestSchema.shape;
const template = z.string().min(1).max(MAX_TEMPLATE);
const column = z.string().min(1).max(200);
const references = z.array(column).max(LIMITS.images);

/** What a view or an override can change. */
const changes = {
  prompt: template.optional().meta({ description: 'A prompt template that replaces the prompt.' }),
  model: request.model.unwrap().optional(),
  size: request.size,
  resolution: request.resolution.unwrap().optional(),
  references: references.optional(),
};

const scalar = z.union([z.string(), z.number(), z.boolean()]);
const condition = z.union([scalar, z.array(scalar).min(1).max(1_000)]);

const timeZone = z.string().refine(isTimeZone, {
  error: 'expected a time zone such as Europe/Berlin or UTC',
});
const duration = z.string().refine((text) => parseDuration(text) !== undefined, {
  error: 'expected a duration such as 36h, 90m or 7d',
});
const timeOfDay = z
  .string()
  .regex(/^([01]\d|2[0-3]):[0-5]\d$/, { error: 'expected a time of day such as 06:00' });
const pingUrl = z
  .url({ protocol: /^https$/, error: 'expected an https:// URL' })
  .max(2_000)
  .optional();
const percent = z.number().min(0).max(10_000).nullable();

/** A catalogue file. Fields with a default are optional. */
export const catalogueSchema = z
  .strictObject({
    $schema: z.string().optional().meta({ description: 'The URL of this schema, for editors.' }),
    name: z
      .string()
      .regex(CATALOGUE_NAME, {
        error: 'expected 1 to 48 lower-case letters, digits and dashes, starting with a letter or digit',
      })
      .meta({ description: 'Runs, reports and stored images of the catalogue are found by this name.' }),
    tenant: z.string().regex(TENANT).optional().meta({
      description:
        'The tenant that its renders belong to. Without it: the tenant of the key that sends the file, or `default` without a key.',
    }),
    source: z
      .strictObject({
        path: z.string().min(1).meta({
          description: 'A path relative to this file, an https:// URL, or s3://bucket/key.',
        }),
        format: z
          .enum(SOURCE_FORMATS)
          .optional()
          .meta({ description: 'Without it, the extension of the path decides: .csv, .jsonl or .ndjson.' }),
        delimiter: z
          .enum(DELIMITERS)
          .optional()
          .meta({ description: 'Of a CSV. Without it, a line `sep=;` or the header decides.' }),
        encoding: z.enum(ENCODINGS).optional().meta({
          description: 'Without it, a byte order mark decides. Without a mark, it is utf-8.',
        }),
      })
      .meta({ description: 'The list of products, one per row.' }),
    key: column.meta({ description: 'The column that identifies a product, such as its SKU.' }),
    prompt: template.meta({
      description:
        'A Liquid template. Its variables are the columns of the source, `view`, and `row["Column name"]`.',
    }),
    model: request.model,
    size: request.size,
    resolution: request.resolution,
    format: z
      .enum(IMAGE_FORMATS)
      .optional()
      .meta({ description: 'The type of the delivered images. Without it, the extension of image_name.' }),
    image_metadata: z
      .strictObject({
        digital_source_type: z.enum(DIGITAL_SOURCE_TYPES).meta({
          description:
            'How the image was made, for shops that require it: `trainedAlgorithmicMedia`, or `compositeWithTrainedAlgorithmicMedia` for photos that were changed.',
        }),
      })
      .optional()
      .meta({
        description: 'What is written into the XMP of the delivered images. A change buys no image again.',
      }),
    references: references.default([]).meta({
      description: 'Columns with reference images: URLs, s3://bucket/key, or paths below the catalogue file.',
    }),
    reference_digest: z.enum(['content', 'address']).default('content').meta({
      description:
        '`content`: a plan reads each reference image, so a new image at the same address is noticed. `address`: only the address counts.',
    }),
    views: z
      .array(z.strictObject({ name: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9_-]{0,39}$/), ...changes }))
      .min(1)
      .max(MAX_VIEWS)
      .optional()
      .meta({ description: 'Several images of each product.' }),
    overrides: z
      .array(
        z.strictObject({
          when: z
            .record(column, condition)
            .refine((when) => Object.keys(when).length > 0, { error: 'expected at least one column' })
            .meta({ description: 'Columns with a value, or a list of values. All columns must match.' }),
          ...changes,
        }),
      )
      .max(MAX_OVERRIDES)
      .default([])
      .meta({ description: 'Changes for the rows that match. A later one replaces an earlier one.' }),
    image_name: z.string().min(1).max(200).optional().meta({
      description:
        'The file name of each image, with {column} and {view}. Without it: {key}.jpg, or {key}-{view}.jpg with views, where {key} is the key column.',
    }),
    schedule: z
      .strictObject({
        cron: z
          .string()
          .refine((cron) => classifyCron(cron) !== 'invalid', {
            error: 'expected a cron expression with five fields, such as 0 1 * * *',
            abort: true,
          })
          .refine((cron) => classifyCron(cron) !== 'never', {
            error: 'expected a cron expression with a date that exists, such as 0 1 * * *',
          })
          .refine((cron) => classifyCron(cron) !== 'too_often', {
            error:
              'expected a cron expression with one minute and one hour, such as 0 1 * * *, because a catalogue runs once per local date',
          }),
        time_zone: timeZone,
        catch_up: duration.default('6h').meta({
          description: 'How late a night begins that no worker could begin in time.',
        }),
        start_grace: duration.default('15m').meta({
          description: 'A night that no worker has begun after this time raises an alarm.',
        }),
        finish_by: timeOfDay.optional().meta({
          description:
            'The time of day at which a night must have ended, in its time zone. Without it, the deadline.',
        }),
        min_duration: duration.optional().meta({
          description: 'A completed night that took less time raises an alarm.',
        }),
        ping: z
          .strictObject({ start: pingUrl, success: pingUrl, fail: pingUrl })
          .prefault({})
          .meta({ description: "The URLs of an external dead man's switch." }),
      })
      .optional()
      .meta({ description: 'When the catalogue runs.' }),
    deadline: timeOfDay.optional().meta({
      description:
        'The time of day at which a run stops buying, in the time zone of the schedule, else in UTC.',
    }),
    budget: z.number().positive().max(1_000_000).optional().meta({
      description: 'US dollars that one run may cost.',
    }),
    overlap: z.enum(['skip', 'queue_one', 'cancel_other']).default('skip').meta({
      description: 'What happens when a run is due while another one of this catalogue runs.',
    }),
    notifications: z
      .strictObject({ webhook_url: request.webhook_url.unwrap() })
      .optional()
      .meta({ description: 'Where the end of a run is reported.' }),
    guards: z
      .strictObject({
        max_source_age: duration.nullable().default('36h'),
        max_shrink_percent: percent.default(20),
        max_changed_percent: percent.default(10),
        max_quarantined_rows: z.number().int().min(0).max(MAX_QUARANTINED).default(0).meta({
          description:
            'Rows that may be invalid. They are not bought, and keep their last image. With 0, one of them stops the run.',
        }),
      })
      .prefault({})
      .meta({ description: 'What stops a run before it spends. Null turns a guard off.' }),
  })
  .meta({ id: 'Catalogue', title: 'A catalogue file of Darkroom' });

/** A valid catalogue file, with its defaults. */
export type CatalogueConfig = z.infer<typeof catalogueSchema>;
/** What a view or an override changes. */
export type Changes = Pick<
  NonNullable<CatalogueConfig['overrides']>[number],
  'prompt' | 'model' | 'size' | 'resolution' | 'references'
>;

function isTimeZone(text: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: text });
    return true;
  } catch {
    return false;
  }
}

/** The JSON schema of a catalogue file, for editors. */
export function createJsonSchema(): object {
  return z.toJSONSchema(catalogueSchema, { io: 'input', target: 'draft-7' });
}
