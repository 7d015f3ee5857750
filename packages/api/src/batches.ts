import { z } from 'zod';
import { RUN } from './fields.ts';

/** The endpoints that the lines of a batch can call. */
export const BATCH_ENDPOINTS = ['/v1/images/generations', '/v1/renders'] as const;
export type BatchEndpoint = (typeof BATCH_ENDPOINTS)[number];

export const BATCH_LIMITS = {
  /** Lines of one batch. */
  lines: 50_000,
  /** Bytes of an uploaded file. */
  fileBytes: 200 * 1024 * 1024,
  /** Bytes of one line. */
  lineBytes: 128 * 1024,
  /** Problems of a file that are listed. All are counted. */
  problems: 1_000,
  /** Bytes in UTF-8. */
  customId: 255,
  metadataKeys: 16,
} as const;

export const BATCH_ID = /^batch_[0-9a-f]{32}$/;
export const FILE_ID = /^file-[0-9a-f]{32}$/;

/**
 * - `validating`: a worker checks all lines; nothing is bought
 * - `failed`: lines have problems; nothing was bought
 * - `in_progress`: its renders are added and made
 * - `finalizing`: nothing more is bought, and the results are completed
 * - `completed`: each line has a result
 * - `expired`: the completion window ended before every line was bought
 * - `cancelling`: it buys nothing more; images that are bought are still stored
 * - `cancelled`: it has ended after a cancel
 */
export const BATCH_STATUSES = [
  'validating',
  'failed',
  'in_progress',
  'finalizing',
  'completed',
  'expired',
  'cancelling',
  'cancelled',
] as const;
export type BatchStatus = (typeof BATCH_STATUSES)[number];

const UNIT_MS = { m: 60_000, h: 3_600_000, d: 86_400_000 } as const;
const MAX_WINDOW_MS = 30 * UNIT_MS.d;

/** A completion window, such as `24h`, in milliseconds. @returns `undefined` for another text */
export function parseCompletionWindow(text: string): number | undefined {
  const [, count, unit] = /^([1-9]\d{0,4})([mhd])$/.exec(text) ?? [];
  if (count === undefined || unit === undefined) return undefined;
  const ms = Number(count) * UNIT_MS[unit as keyof typeof UNIT_MS];
  return ms <= MAX_WINDOW_MS ? ms : undefined;
}

const fileId = z.string().regex(FILE_ID, { error: 'expected the id of a file' });

/** The body of `POST /v1/batches`: that of OpenAI. Remove optional fields that are `null` before parsing. */
export const batchRequestSchema = z
  .strictObject({
    input_file_id: fileId.meta({
      description: 'A file of `POST /v1/files` with the purpose `batch`: one request per line.',
    }),
    endpoint: z.enum(BATCH_ENDPOINTS).meta({ description: 'The `url` of all lines.' }),
    completion_window: z
      .string()
      .refine((text) => parseCompletionWindow(text) !== undefined, {
        error: 'expected a duration from 1m to 30d, such as 24h',
      })
      .meta({
        description:
          'After this time the batch buys nothing more: a number of minutes (`m`), hours (`h`) or days (`d`). OpenAI knows only `24h`.',
        override: { type: 'string', pattern: '^[1-9][0-9]{0,3}[mhd]$' },
      }),
    metadata: z
      .record(z.string().min(1).max(64), z.string().max(512))
      .refine((value) => Object.keys(value).length <= BATCH_LIMITS.metadataKeys, {
        error: `expected at most ${BATCH_LIMITS.metadataKeys} keys`,
      })
      .optional()
      .meta({ description: 'Your own data. At most 16 keys.', maxProperties: BATCH_LIMITS.metadataKeys }),
  })
  .meta({ id: 'BatchRequest' });
export type BatchRequest = z.infer<typeof batchRequestSchema>;

const seconds = z.number().int().meta({ description: 'Unix seconds.' });
const count = z.number().int().min(0);

const batchProblemSchema = z.strictObject({
  code: z.string().meta({ description: 'For programs.' }),
  message: z.string(),
  param: z.string().nullable().meta({ description: 'The field, such as `body.prompt`.' }),
  line: z.number().int().nullable().meta({ description: 'The line of the file, from 1.' }),
});
export type BatchProblem = z.infer<typeof batchProblemSchema>;

/** A batch: the fields of OpenAI, and `run`, `errors.count` and `links`. */
export const batchSchema = z
  .strictObject({
    id: z.string(),
    object: z.literal('batch'),
    endpoint: z.enum(BATCH_ENDPOINTS),
    errors: z
      .strictObject({
        object: z.literal('list'),
        data: z.array(batchProblemSchema),
        count: count.meta({ description: 'Of all problems. `data` has at most the first 1,000.' }),
      })
      .nullable()
      .meta({ description: 'Why the file was rejected.' }),
    input_file_id: z.string(),
    completion_window: z.string(),
    status: z.enum(BATCH_STATUSES),
    output_file_id: z
      .string()
      .nullable()
      .meta({ description: 'The results, when the batch has ended. `links.output` has them at any time.' }),
    error_file_id: z
      .string()
      .nullable()
      .meta({ description: 'The lines without an image, when the batch has ended.' }),
    created_at: seconds,
    in_progress_at: seconds.nullable(),
    expires_at: seconds.meta({ description: 'From then on, nothing more is bought.' }),
    finalizing_at: seconds.nullable(),
    completed_at: seconds.nullable(),
    failed_at: seconds.nullable(),
    expired_at: seconds.nullable(),
    cancelling_at: seconds.nullable(),
    cancelled_at: seconds.nullable(),
    request_counts: z.strictObject({
      total: count.meta({ description: 'Lines. 0 until they are validated.' }),
      completed: count,
      failed: count.meta({ description: 'Lines without an image: failed, canceled, or not bought in time.' }),
    }),
    metadata: z.record(z.string(), z.string()).nullable(),
    run: z
      .string()
      .regex(RUN)
      .nullable()
      .meta({ description: 'The run of its renders. It exists when the lines are validated.' }),
    links: z.strictObject({ self: z.string(), output: z.string(), errors: z.string() }),
  })
  .meta({ id: 'Batch' });
export type BatchResponse = z.infer<typeof batchSchema>;

const list = <T extends z.ZodType>(item: T) =>
  z.strictObject({
    object: z.literal('list'),
    data: z.array(item),
    first_id: z.string().nullable(),
    last_id: z.string().nullable(),
    has_more: z.boolean(),
  });

export const batchListSchema = list(batchSchema).meta({ id: 'BatchList' });
export type BatchListResponse = z.infer<typeof batchListSchema>;

export const FILE_PURPOSES = ['batch', 'batch_output'] as const;
export type FilePurpose = (typeof FILE_PURPOSES)[number];

export const fileSchema = z
  .strictObject({
    id: z.string(),
    object: z.literal('file'),
    bytes: count,
    created_at: seconds,
    expires_at: z.null(),
    filename: z.string(),
    purpose: z.enum(FILE_PURPOSES),
    status: z.literal('processed'),
    status_details: z.null(),
  })
  .meta({ id: 'BatchFile' });
export type FileResponse = z.infer<typeof fileSchema>;

export const fileListSchema = list(fileSchema).meta({ id: 'BatchFileList' });
export type FileListResponse = z.infer<typeof fileListSchema>;

/** A line of the output file or of the error file. */
export const batchResultSchema = z
  .object({
    id: z.string(),
    custom_id: z.string(),
    render_id: z.string(),
    response: z
      .object({
        status_code: z.literal(200),
        request_id: z.string(),
        body: z.record(z.string(), z.unknown()),
      })
      .nullable(),
    error: z.object({ code: z.string(), message: z.string() }).nullable(),
  })
  .meta({ id: 'BatchResult' });
export type BatchResult = z.infer<typeof batchResultSchema>;
