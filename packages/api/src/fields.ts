/** The closed sets and limits of the provider's contract, part A. One place; requests and simulators agree on it. */

export const MODELS = ['gemini-3-pro-image-preview', 'nano-banana-pro'] as const;
export const SIZES = ['1:1', '2:3', '3:2', '3:4', '4:3', '4:5', '5:4', '9:16', '16:9', '21:9'] as const;
export const RESOLUTIONS = ['1K', '2K', '4K'] as const;
export const PRIORITIES = ['interactive', 'batch'] as const;

export const LIMITS = {
  /** Characters (Unicode code points). */
  prompt: 1000,
  images: 14,
  /** Bytes of one decoded reference image. */
  imageBytes: 10 * 1024 * 1024,
  /** Bytes of a decoded mask. */
  maskBytes: 4 * 1024 * 1024,
  url: 4096,
  metadataKeys: 32,
  /** Bytes of the metadata as JSON. */
  metadataBytes: 1024,
  idempotencyKey: 255,
  run: 64,
  webhookUrl: 2048,
} as const;

/** `data:image/{format};base64,` of the formats that the provider takes. */
export const DATA_URI = /^data:image\/(jpeg|jpg|png|webp);base64,/;

/** A render's id: `rnd_` and 32 hex digits. */
export const RENDER_ID = /^rnd_[0-9a-f]{32}$/;

/** Whose renders they are: a name that keys and paths can hold. */
export const TENANT = /^[a-z0-9][a-z0-9_-]{0,62}$/;

/** A batch's name. */
export const RUN = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;

export const RENDER_STATUSES = ['queued', 'rendering', 'storing', 'completed', 'failed', 'canceled'] as const;
export type RenderStatus = (typeof RENDER_STATUSES)[number];

/** The statuses that a render does not leave by itself; a failed one may be redriven. */
export const FINAL_STATUSES = ['completed', 'failed', 'canceled'] as const satisfies RenderStatus[];
export type FinalStatus = (typeof FINAL_STATUSES)[number];

/** Why a render died. Stable: callers, dead letters, metrics and docs use these words. */
export const FAILURE_CODES = [
  'invalid_request',
  'content_policy_violation',
  'submission_unknown',
  'upstream_unreachable',
  'task_lost',
  'task_timeout',
  'generation_failed',
  'result_expired',
  'result_host_refused',
  'worker_lost',
  'internal_error',
] as const;
export type FailureCode = (typeof FAILURE_CODES)[number];

/** The steps of a render's life that cost time or money. */
export const STEPS = ['submit', 'hold', 'poll', 'store', 'finish'] as const;
export type StepName = (typeof STEPS)[number];
