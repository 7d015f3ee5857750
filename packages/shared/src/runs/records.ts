import { PRIORITIES } from '@darkroom/api';
import { z } from 'zod';
import { costSchema, DATA_VERSION, referenceSchema } from '../render/index.ts';

const version = z.literal(DATA_VERSION);

/** What a run is. Written once. */
export const runDefinitionSchema = z.strictObject({
  version,
  tenant: z.string(),
  /** The `run` of its renders. */
  id: z.string(),
  /** For people. */
  name: z.string().optional(),
  /** The lane of its renders that name none. */
  lane: z.enum(PRIORITIES).optional(),
  /** Unix milliseconds: from then on, nothing more is bought. */
  deadlineAt: z.number().optional(),
  budgetMicros: z.number().int().nonnegative().optional(),
  /** The URL that gets the webhook when the run ends. */
  webhook: referenceSchema.optional(),
  metadata: z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()])).optional(),
  /** Unix milliseconds. */
  createdAt: z.number(),
  /** Who created it, for people. */
  actor: z.string(),
});

/** Why a run takes no more renders, and since when. Written once for each of the two. */
export const runClosingSchema = z.strictObject({
  version,
  /** Unix milliseconds. */
  at: z.number(),
  actor: z.string(),
  reason: z.string().optional(),
});

/** How a run ended. A run that is redriven ends again, with the next number. */
export const runEndSchema = z.strictObject({
  version,
  /** Which end it is, from 1. */
  end: z.number().int().positive(),
  /** Unix milliseconds. */
  endedAt: z.number(),
  completed: z.number().int(),
  failed: z.number().int(),
  canceled: z.number().int(),
  cost: costSchema,
  /** How often its renders had ended, all together. An end of the run with the same number as the last one is no other end. */
  renderEnds: z.number().int(),
});

export type RunDefinition = Omit<z.infer<typeof runDefinitionSchema>, 'version'>;
export type RunClosingRecord = Omit<z.infer<typeof runClosingSchema>, 'version'>;
export type RunEnd = Omit<z.infer<typeof runEndSchema>, 'version'>;

/** All that the store has about a run, besides the ends of its renders. */
export interface RunRecord {
  definition: RunDefinition;
  sealed: RunClosingRecord | undefined;
  canceled: RunClosingRecord | undefined;
  /** Its last end. A run whose renders run again has one, too. */
  lastEnd: RunEnd | undefined;
  /** Whether it is open: it has not ended, or its renders run again. */
  isOpen: boolean;
}
