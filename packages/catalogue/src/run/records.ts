import { DATA_VERSION } from '@darkroom/shared/render';
import { z } from 'zod';
import type { ImageFormat } from '../file/index.ts';
import { manifestEntrySchema } from '../manifest/index.ts';
import { GUARDS } from '../plan/index.ts';
import { retrySchema } from './retry.ts';

const version = z.literal(DATA_VERSION);
const digest = z.string().regex(/^[0-9a-f]{64}$/);
const count = z.number().int().nonnegative();
/** Unix milliseconds. */
const time = z.number();

/** Items in one part of a plan: what a killed run does again at most. */
export const PART_ITEMS = 500;
/** Items of one run: the parts of 1,000,000 items are 2,000 objects. */
export const MAX_RUN_ITEMS = 1_000_000;

/** A plan that was approved. A run of it decides the same, or stops. */
export const approvedPlanSchema = z.strictObject({
  catalogue_sha256: digest,
  source_sha256: digest,
  manifest_sha256: digest.nullable(),
  decisions_sha256: digest,
  /** US dollars. */
  price: z.string().nullable(),
});
export type ApprovedPlan = z.infer<typeof approvedPlanSchema>;

/** A run as it was requested: `request.json`. Written once. */
export const runRequestSchema = z.object({
  version,
  tenant: z.string(),
  catalogue: z.string(),
  run: z.string(),
  /** The text of the catalogue file. */
  file: z.string(),
  /** The digest of the list of uploaded files. Null: the source is not from the machine of the caller. */
  files: digest.nullable(),
  accepted: z.array(z.enum(GUARDS)),
  approved: approvedPlanSchema.nullable(),
  actor: z.string(),
  /** Whether it may read buckets with the rights of the worker. */
  readsBuckets: z.boolean(),
  createdAt: time,
  /** It buys again what another run has not delivered, and reads no source. */
  retry: retrySchema.optional(),
});

/** One file that the caller uploaded: a line of the list of files. */
export const uploadedFileSchema = z.strictObject({
  /** As the catalogue file or its source name it. */
  path: z.string().min(1).max(1_000),
  sha256: digest,
  bytes: count,
  /** When the file was changed, in Unix milliseconds. */
  modified_at: z.number(),
});
export type UploadedFile = z.infer<typeof uploadedFileSchema>;

/** What the run does with one item: a line of a part of the plan. */
export const planItemSchema = z.strictObject({
  key: z.string(),
  view: z.string().nullable(),
  name: z.string(),
  line: count,
  hash: z.string(),
  inputs: manifestEntrySchema.shape.inputs,
  source_hash: manifestEntrySchema.shape.source_hash,
  /**
   * `skip`: the budget of the run does not have its price. `quarantine`: its row is not valid. `leave`: a retry does not buy it
   * again, or its image may be paid for.
   */
  action: z.enum(['buy', 'keep', 'skip', 'quarantine', 'leave']),
  /** The reference images, as its row names them. A retry needs those of an item that is kept, if its image is gone. */
  references: z.array(z.string()),
  /** What is kept: the entry of the last manifest, without what this line has. */
  kept: z
    .strictObject({
      name: z.string(),
      run: z.string().nullable(),
      render_id: z.string().nullable(),
      image: manifestEntrySchema.shape.image.unwrap(),
      finished_at: z.string().nullable(),
    })
    .nullable(),
  /** What became of it in the run before. */
  left: manifestEntrySchema
    .pick({ status: true, run: true, render_id: true, error: true, finished_at: true })
    .optional(),
  /** Why it is quarantined. */
  problem: z.strictObject({ field: z.string().nullable(), message: z.string() }).optional(),
});
export type RunItem = z.infer<typeof planItemSchema>;
export type { ImageFormat };

const guardSchema = z.strictObject({ name: z.enum(GUARDS), message: z.string(), accepted: z.boolean() });

const problemsSchema = z.strictObject({
  count,
  listed: z.array(
    z.strictObject({
      in: z.enum(['catalogue', 'source', 'manifest']),
      line: z.number().nullable(),
      field: z.string().nullable(),
      message: z.string(),
    }),
  ),
});

/** A complete plan: `plan.json`. Written after its parts, so a run that finds it plans no more. */
export const runPlanSchema = z.object({
  version,
  parts: count,
  rows: count,
  items: count,
  buys: count,
  removed: count,
  priceMicros: count,
  source: z.strictObject({ sha256: digest, bytes: count }),
  plannedAt: time,
  /** After it, the run buys nothing more. */
  deadlineAt: time.nullable(),
  guards: z.array(guardSchema),
  /** What is wrong with the rows that are quarantined. */
  quarantine: problemsSchema,
});

/** A worker has begun the run: `begun.json`. */
export const runBegunSchema = z.object({ version, at: time });

/**
 * The run that may buy for its catalogue: `locks/<left>.json`. Written once. The lock with the highest number counts, until its
 * run has ended. Then the next run writes the next number.
 */
export const lockSchema = z.object({ version, run: z.string(), at: time });

/** An operator wants the run to end. */
export const runControlSchema = z.object({
  version,
  wanted: z.literal('cancel'),
  actor: z.string(),
  reason: z.string().nullable(),
  at: time,
});

/**
 * - `completed`: every item has its image
 * - `partial`: an item has none, because it failed, or the deadline or the budget came first; or it is quarantined
 * - `canceled`: an operator ended it; what was bought is delivered
 * - `stopped`: it bought nothing, because of problems, a guard, or a plan that was not the approved one
 */
export const RUN_END_STATUSES = ['completed', 'partial', 'canceled', 'stopped'] as const;
export type RunEndStatus = (typeof RUN_END_STATUSES)[number];

export const runCountsSchema = z.strictObject({
  /** `bought + unchanged + quarantined + not_bought + failed`. */
  items: count,
  bought: count,
  unchanged: count,
  quarantined: count,
  not_bought: count,
  failed: count,
});
export type RunCounts = z.infer<typeof runCountsSchema>;

const dollars = z.string();

/** How a run ended: `summary.json`. */
export const runSummarySchema = z.object({
  version,
  catalogue: z.string(),
  tenant: z.string(),
  run: z.string(),
  status: z.enum(RUN_END_STATUSES),
  /** Why it is not completed, for people. */
  reason: z.string().nullable(),
  requested_at: z.string(),
  ended_at: z.string(),
  deadline: z.string().nullable(),
  /** Rows of the source. Null if it could not be read. */
  rows: count.nullable(),
  counts: runCountsSchema,
  /** Items of the last manifest that the source does not have any more. */
  removed: count,
  cost: z.strictObject({ spent: dollars, refunded: dollars, possibly_spent: dollars }),
  guards: z.array(guardSchema),
  /** Why it stopped, or what is wrong with the rows that are quarantined. */
  problems: problemsSchema,
  /** Null: it delivered nothing. */
  manifest: z.strictObject({ key: z.string(), sha256: digest, bytes: count, items: count }).nullable(),
  source: z.strictObject({ sha256: digest, bytes: count }).nullable(),
});

export type RunRequest = Omit<z.infer<typeof runRequestSchema>, 'version'>;
export type RunPlan = Omit<z.infer<typeof runPlanSchema>, 'version'>;
export type RunControl = Omit<z.infer<typeof runControlSchema>, 'version'>;
export type RunSummary = Omit<z.infer<typeof runSummarySchema>, 'version'>;

/** Names a run. */
export interface RunId {
  tenant: string;
  catalogue: string;
  run: string;
}
