import { z } from 'zod';
import { DATA_VERSION, jobRequestSchema, providerNameSchema } from '../render/index.ts';

export const intentSchema = z.object({
  version: z.literal(DATA_VERSION),
  provider: providerNameSchema,
  /** A random token of the run that writes the intent. Only that run may POST (I2). */
  owner: z.string(),
  /** Host and process, for people. */
  claimedBy: z.string(),
  /** Unix milliseconds. */
  claimedAt: z.number(),
  request: jobRequestSchema,
});

export const releaseSchema = z.object({
  version: z.literal(DATA_VERSION),
  /** The owner of the released claim. */
  owner: z.string(),
  /** Unix milliseconds. */
  releasedAt: z.number(),
  /** Why nothing was bought, for people. */
  reason: z.string(),
});

export const acceptanceSchema = z.object({
  version: z.literal(DATA_VERSION),
  provider: providerNameSchema,
  taskId: z.string(),
  /** Unix milliseconds. */
  acceptedAt: z.number(),
  costMicros: z.number().int(),
  /** Where the task id comes from: the response to the POST, a later webhook of the provider, or an operator. */
  source: z.enum(['answer', 'webhook', 'operator']),
});

export const statementSchema = z.object({
  version: z.literal(DATA_VERSION),
  /** `buy_again`: whatever became of this purchase, a second charge is accepted. */
  kind: z.enum(['bought', 'not_bought', 'buy_again']),
  /** With `bought`: the task of the purchase. */
  taskId: z.string().optional(),
  /** With `buy_again`: this purchase was charged, as a reconciliation proved. It counts as spent. */
  isCharged: z.literal(true).optional(),
  /** Who made the statement, for people. */
  actor: z.string(),
  note: z.string().optional(),
  /** Unix milliseconds. */
  statedAt: z.number(),
});

export const resultSchema = z.object({
  version: z.literal(DATA_VERSION),
  url: z.string(),
  /** Unix milliseconds. */
  expiresAt: z.number(),
});

export const cancelRequestSchema = z.object({
  version: z.literal(DATA_VERSION),
  /** Unix milliseconds. */
  requestedAt: z.number(),
});

export const discardSchema = z.object({
  version: z.literal(DATA_VERSION),
  /** Which end of the render it is about: 1 for the first. A later end has a dead letter again. */
  end: z.number().int().positive(),
  /** Who discarded it, for people. */
  actor: z.string(),
  note: z.string(),
  /** Unix milliseconds. */
  discardedAt: z.number(),
});

export const refundSchema = z.object({
  version: z.literal(DATA_VERSION),
  /** Unix milliseconds: when Darkroom learned of it. */
  refundedAt: z.number(),
  /** Why the task failed, for people. Scrubbed. */
  reason: z.string(),
});

/** The claim of one run to make one purchase. Written before the POST. */
export type Intent = Omit<z.infer<typeof intentSchema>, 'version'>;

/** The end of a claim that bought nothing. Written after a definite refusal. */
export type Release = Omit<z.infer<typeof releaseSchema>, 'version'>;

/** An operator's statement about a purchase whose outcome Darkroom does not know. */
export type Statement = Omit<z.infer<typeof statementSchema>, 'version'>;

/** The provider's acceptance of a purchase. Written as soon as the provider answers (I3). */
export type Acceptance = Omit<z.infer<typeof acceptanceSchema>, 'version'>;

/** Where a finished image can be downloaded, and until when. The URL stays out of the queue (I8). */
export type TaskResult = Omit<z.infer<typeof resultSchema>, 'version'>;

/** A caller's request to cancel a render. The queue's cancel marker is made from it if the queue loses the marker. */
export type CancelRequest = Omit<z.infer<typeof cancelRequestSchema>, 'version'>;

/** An operator discarded the dead letter of a render. Neither the sweep nor a restore writes it again. */
export type Discard = Omit<z.infer<typeof discardSchema>, 'version'>;

/**
 * The provider gave the money of a purchase back, because its task failed. Written before the render goes on: without it,
 * a purchase with an acceptance counts as spent.
 */
export type Refund = Omit<z.infer<typeof refundSchema>, 'version'>;

/** One claim of an attempt. `claim` counts from 1. */
export interface ClaimId {
  renderId: string;
  attempt: number;
  claim: number;
}

/**
 * What the ledger holds about one attempt. `unclaimed`: every earlier claim was released, and `nextClaim` is the number
 * of the next one. `claimed` without an acceptance: the outcome of the purchase is unknown. `canceled`: a cancel claimed
 * it (at `claimedAt`, Unix ms), so it was never bought and never will be.
 */
export type AttemptState =
  | { kind: 'unclaimed'; nextClaim: number }
  | { kind: 'claimed'; intent: Intent }
  | { kind: 'canceled'; claimedAt: number }
  | { kind: 'accepted'; acceptance: Acceptance };

/** What the ledger holds about one attempt of a render. */
export interface AttemptHistory {
  attempt: number;
  state: AttemptState;
  /** Its task has completed. */
  hasResult: boolean;
  /** Its task failed, and the provider gave the money back. */
  isRefunded: boolean;
  /** The last statement of an operator about it. */
  statement: Statement | undefined;
}

/** What the ledger holds about a render. */
export interface RenderHistory {
  /** In order, from attempt 1. An attempt that was never claimed is not in it. */
  attempts: AttemptHistory[];
  /** The last request to cancel it. */
  cancelRequest: CancelRequest | undefined;
}
