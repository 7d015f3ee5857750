/** The allowed values and limits of part A of the provider's contract. The API and the simulator both use them. */

export const MODELS = ['gemini-3-pro-image-preview', 'nano-banana-pro'] as const;
export const SIZES = ['1:1', '2:3', '3:2', '3:4', '4:3', '4:5', '5:4', '9:16', '16:9', '21:9'] as const;
export const RESOLUTIONS = ['1K', '2K', '4K'] as const;
export const PRIORITIES = ['interactive', 'batch'] as const;

export const LIMITS = {
  /** Characters (Unicode code points). */
  prompt: 1000,
  /** Reference images of one render. */
  images: 14,
  /** Bytes of one decoded reference image. */
  imageBytes: 10 * 1024 * 1024,
  /** Bytes of a decoded mask. */
  maskBytes: 4 * 1024 * 1024,
  /** Characters of the URL of a reference image. */
  url: 4096,
  metadataKeys: 32,
  /** Bytes of the metadata, written as JSON. */
  metadataBytes: 1024,
  /** Bytes in UTF-8. */
  idempotencyKey: 255,
  /** Characters. */
  run: 64,
  /** Characters. */
  webhookUrl: 2048,
} as const;

/** `data:image/{format};base64,` with one of the formats that the provider accepts, in any case, with parameters or not. */
export const DATA_URI = /^data:image\/(jpeg|jpg|png|webp)(?:;[\w.+-]+=[^;,]*)*;base64,/i;

/** The id of a render: `rnd_` and 32 hex digits. */
export const RENDER_ID = /^rnd_[0-9a-f]{32}$/;

/** The name of a tenant. Object keys, Redis keys and URL paths contain it without escaping. */
export const TENANT = /^[a-z0-9][a-z0-9_-]{0,62}$/;

/** The name of a run. */
export const RUN = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;

export const RENDER_STATUSES = ['queued', 'rendering', 'storing', 'completed', 'failed', 'canceled'] as const;
export type RenderStatus = (typeof RENDER_STATUSES)[number];

/** A render leaves these statuses only when an operator redrives it, which is possible for a failed render. */
export const FINAL_STATUSES = ['completed', 'failed', 'canceled'] as const satisfies RenderStatus[];
export type FinalStatus = (typeof FINAL_STATUSES)[number];

/** Why a render failed. Callers, dead letters, metrics and docs use these codes, so they must not change. */
export const FAILURE_CODES = [
  'invalid_request',
  'content_policy_violation',
  'submission_unknown',
  'upstream_unreachable',
  'account_refused',
  'task_lost',
  'task_timeout',
  'generation_failed',
  'result_expired',
  'result_host_refused',
  'worker_lost',
  'internal_error',
] as const;
export type FailureCode = (typeof FAILURE_CODES)[number];

/**
 * Why a render waits. The list is closed, and its order is the precedence: of several causes, the response names the first
 * one. Callers, metrics and docs use these codes, so they must not change.
 */
export const WAIT_CAUSES = [
  'paused',
  'account',
  'budget',
  'store',
  'drained',
  'quota',
  'unknown_purchase',
  'provider',
] as const;
export type WaitCode = (typeof WAIT_CAUSES)[number];

/**
 * Why a render has no ETA. `ended`: it has ended. `restoring`: the queue was restarted or lost, and a worker adds missing
 * renders again. `paused`, `account`, `budget`, `store`, `drained` and `unknown_purchase`: it waits for this, as `waiting_for` says.
 * `too_few_samples`: too few renders have completed. `overdue`: it takes longer than all recent renders. `unavailable`: the
 * queue is away or slow. Of several reasons the first one of this list.
 */
export const ETA_REASONS = [
  'ended',
  'restoring',
  'paused',
  'account',
  'budget',
  'store',
  'drained',
  'unknown_purchase',
  'too_few_samples',
  'overdue',
  'unavailable',
] as const;
export type EtaReason = (typeof ETA_REASONS)[number];

/**
 * Why the provider's own queue position of a render is not known. `not_at_provider`: the provider has not accepted its
 * task yet, or the task has ended. `not_reported`: the provider does not say it.
 */
export const PROVIDER_POSITION_REASONS = ['not_at_provider', 'not_reported'] as const;
export type ProviderPositionReason = (typeof PROVIDER_POSITION_REASONS)[number];

/** The steps of a render that cost time or money. An error names the step in which the render failed. */
export const STEPS = ['submit', 'hold', 'poll', 'store', 'finish'] as const;
export type StepName = (typeof STEPS)[number];

/** Whether a webhook was delivered. `failed`: no further attempt follows. */
export const DELIVERY_STATUSES = ['pending', 'delivered', 'failed'] as const;
export type DeliveryStatus = (typeof DELIVERY_STATUSES)[number];

/**
 * What an accepted render survives. `journal`: it is in the object store and in the queue. `synced`: it is in the queue,
 * whose file is on disk. `queue`: it is as durable as the persistence of the queue.
 */
export const DURABILITIES = ['journal', 'synced', 'queue'] as const;
export type Durability = (typeof DURABILITIES)[number];
