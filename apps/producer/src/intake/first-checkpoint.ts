import { type Checkpoint, DATA_VERSION, type JobRequest, type ProviderName } from '@darkroom/shared/render';
import { invalidRequest } from '../problems/index.ts';

/**
 * Maximum size of a new checkpoint as JSON, in bytes. I5 allows a job 8 KB for its whole life; the rest is for
 * purchases and the image or the failure. All other fields at their maximum together leave 256 bytes for metadata. So
 * the problem names `metadata` when less of it would be enough.
 */
const MAX_CHECKPOINT_BYTES = 7 * 1024;

export interface NewRender {
  renderId: string;
  tenant: string;
  request: JobRequest;
  fingerprint: string;
  provider: ProviderName;
  creatorToken: string;
  /** Its run was created. */
  inRun?: true;
  /** Unix milliseconds. */
  now: number;
}

/** @throws {ProblemError} `invalid_request` when the job would be too large. */
export function createCheckpoint({ now, ...render }: NewRender): Checkpoint {
  const checkpoint: Checkpoint = {
    version: DATA_VERSION,
    ...render,
    createdAt: now,
    updatedAt: now,
    attempt: 1,
    purchases: [],
    at: { step: 'submit' },
  };
  // Prompt and metadata alone take less than 6 KB at their maximum. So most checkpoints need not be measured.
  const { images, mask, webhook } = render.request;
  if (images.length === 0 && !mask && !webhook) return checkpoint;
  const excess = Buffer.byteLength(JSON.stringify(checkpoint)) - MAX_CHECKPOINT_BYTES;
  if (excess <= 0) return checkpoint;
  const metadata = Buffer.byteLength(JSON.stringify(render.request.metadata ?? {}));
  const field = metadata > excess ? 'metadata' : 'prompt';
  throw invalidRequest([
    {
      field,
      expected: `at least ${excess} bytes less: prompt, images and metadata together are larger than a job may be`,
      received: `${field === 'metadata' ? metadata : Buffer.byteLength(render.request.prompt)} bytes`,
    },
  ]);
}
