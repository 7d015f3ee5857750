import { ENDED_REDRIVE_STATUSES, FAILURE_CODES, STEPS } from '@darkroom/api';
import { z } from 'zod';
import { DATA_VERSION } from '../render/index.ts';

const version = z.literal(DATA_VERSION);

/** Renders in one part of a plan. The job of a redrive holds the marks of one part. */
export const PART_RENDERS = 500;
/** Renders in one plan: the counts of all parts must fit into a job (I5). */
export const MAX_PLAN_RENDERS = 50_000;

/** The keys of the groups that a render belongs to: reason, run (empty without one), tenant, model, failed step. */
const groupKeysSchema = z.tuple([z.string(), z.string(), z.string(), z.string(), z.string()]);

/** One render of a plan. */
export const planItemSchema = z.strictObject({
  id: z.string(),
  /** How often the render had ended: a render that has ended more often since then has changed. */
  end: z.number().int().positive(),
  /** The attempt with which it goes on. */
  attempt: z.number().int().positive(),
  step: z.enum(STEPS),
  /** As in the API. `unknown`: the plan cannot say whether it is bought. */
  action: z.enum(['resume', 'buy', 'acknowledge', 'unknown']),
  /** What a purchase costs, also if the plan does not buy it. */
  priceMicros: z.number().int(),
  /** Unix milliseconds: when its paid image expires. */
  expiresAt: z.number().optional(),
  groups: groupKeysSchema,
});

export const planPartSchema = z.object({ version, items: z.array(planItemSchema) });

/** A plan without its renders. */
export const planSchema = z.object({
  version,
  /** 32 hex digits, shared by the ids of the plan and of its redrive. */
  key: z.string(),
  /** The tenant whose operator made it, or `*`. */
  scope: z.string(),
  /** Unix milliseconds. */
  createdAt: z.number(),
  expiresAt: z.number(),
  total: z.number().int(),
  steps: z.record(z.enum(STEPS), z.number().int()),
  buys: z.number().int(),
  priceMicros: z.number().int(),
  acknowledges: z.number().int(),
  acknowledgeMicros: z.number().int(),
  unknown: z.number().int(),
  notFound: z.array(z.string()),
});

/** A redrive as an operator requested it. Written once. */
export const redriveRecordSchema = z.object({
  version,
  key: z.string(),
  scope: z.string(),
  actor: z.string(),
  reason: z.string().optional(),
  /** Unix milliseconds. */
  createdAt: z.number(),
  total: z.number().int(),
  /** Renders per second. */
  rate: z.number(),
  maxJobs: z.number().int().optional(),
  maxSpendMicros: z.number().int().optional(),
  acceptDuplicateCharge: z.boolean(),
  pollAgain: z.boolean(),
});

/** What an operator wants of a redrive. The last one counts. */
export const redriveControlSchema = z.object({
  version,
  wanted: z.enum(['run', 'pause', 'cancel']),
  actor: z.string(),
  reason: z.string().optional(),
  /** Unix milliseconds. */
  at: z.number(),
});

/** Why a render failed again. */
export const itemFailureSchema = z.strictObject({
  code: z.enum(FAILURE_CODES),
  message: z.string(),
  step: z.enum(STEPS),
});

/** The states of the renders of one part. `failures`: by the index in the part. */
export const partMarksSchema = z.object({
  version,
  marks: z.string(),
  failures: z.record(z.string(), itemFailureSchema),
});

/** By the key of a group: renders that the redrive ran, and how many of them failed again. */
const tallySchema = z.record(z.string(), z.tuple([z.number().int(), z.number().int()]));

/** How a redrive ended. */
export const redriveEndSchema = z.object({
  version,
  status: z.enum(ENDED_REDRIVE_STATUSES),
  statusReason: z.string().optional(),
  /** Unix milliseconds. Absent if it was canceled before a worker began. */
  startedAt: z.number().optional(),
  endedAt: z.number(),
  started: z.number().int(),
  done: z.number().int(),
  skipped: z.number().int(),
  failed: z.number().int(),
  buys: z.number().int(),
  spendMicros: z.number().int(),
  /** In the order of the group keys of a plan's renders. */
  tallies: z.tuple([tallySchema, tallySchema, tallySchema, tallySchema, tallySchema]),
});

export type PlanItem = z.infer<typeof planItemSchema>;
export type RedrivePlan = Omit<z.infer<typeof planSchema>, 'version'>;
export type RedriveRecord = Omit<z.infer<typeof redriveRecordSchema>, 'version'>;
export type RedriveControlRecord = Omit<z.infer<typeof redriveControlSchema>, 'version'>;
export type ItemFailure = z.infer<typeof itemFailureSchema>;
export type PartMarks = Omit<z.infer<typeof partMarksSchema>, 'version'>;
export type RedriveEnd = Omit<z.infer<typeof redriveEndSchema>, 'version'>;
