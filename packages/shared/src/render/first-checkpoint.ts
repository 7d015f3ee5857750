import type { Checkpoint } from './checkpoint.ts';
import { DATA_VERSION } from './data-version.ts';
import { fingerprintRequest } from './fingerprint.ts';
import type { JobRequest } from './job-request.ts';
import type { ProviderName } from './record-parts.ts';

/**
 * Maximum size of a new checkpoint as JSON, in bytes. I5 allows a job 8 KB for its whole life; the rest is for
 * purchases and the image or the failure. All other fields at their maximum together leave 256 bytes for metadata. So
 * the excess names `metadata` when less of it would be enough.
 */
const MAX_CHECKPOINT_BYTES = 7 * 1024;

export interface NewRender {
  renderId: string;
  tenant: string;
  request: JobRequest;
  provider: ProviderName;
  creatorToken: string;
  /** Its run was created. */
  inRun?: true;
  /** The render that an operator buys again with this one. */
  copyOf?: string;
  /** Unix milliseconds. */
  now: number;
}

/** The first checkpoint of a render. The producer and catalogues make theirs here, so the same request is the same render. */
export function createCheckpoint({ now, ...render }: NewRender): Checkpoint {
  return {
    version: DATA_VERSION,
    ...render,
    fingerprint: fingerprintRequest(render.request),
    createdAt: now,
    updatedAt: now,
    attempt: 1,
    purchases: [],
    at: { step: 'submit' },
  };
}

/** By how much a new checkpoint is larger than a job may be. */
export interface CheckpointExcess {
  /** Of the two fields, the one that can be made smaller by this much. */
  field: 'metadata' | 'prompt';
  /** Bytes. */
  excess: number;
  /** Bytes that the field has. */
  bytes: number;
}

/** @returns `undefined` when the checkpoint fits into a job */
export function measureExcess(checkpoint: Checkpoint): CheckpointExcess | undefined {
  // Prompt and metadata alone take less than 6 KB at their maximum. So most checkpoints need not be measured.
  const { images, mask, webhook, metadata: given = {}, prompt } = checkpoint.request;
  if (images.length === 0 && !mask && !webhook) return undefined;
  const excess = Buffer.byteLength(JSON.stringify(checkpoint)) - MAX_CHECKPOINT_BYTES;
  if (excess <= 0) return undefined;
  const metadata = Buffer.byteLength(JSON.stringify(given));
  return metadata > excess
    ? { field: 'metadata', excess, bytes: metadata }
    : { field: 'prompt', excess, bytes: Buffer.byteLength(prompt) };
}
