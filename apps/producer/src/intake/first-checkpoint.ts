import type { Checkpoint, JobRequest, ProviderName } from '@darkroom/shared/render';
import { invalidRequest } from '../problems/index.ts';

/**
 * Bytes of a new checkpoint as JSON. I5 allows a job 8 KB in its whole life; what is left is for purchases,
 * the image or the failure. Everything else that the API allows, at its longest and all together, fits below
 * it with 256 bytes of metadata, so it is the metadata that gives way.
 */
const MAX_CHECKPOINT_BYTES = 7 * 1024;

export interface NewRender {
  renderId: string;
  tenant: string;
  request: JobRequest;
  fingerprint: string;
  provider: ProviderName;
  creatorToken: string;
  now: number;
}

/** @throws {ProblemError} `invalid_request` when the job would be too large. */
export function createCheckpoint(render: NewRender): Checkpoint {
  const { now, ...rest } = render;
  const checkpoint: Checkpoint = {
    version: 1,
    ...rest,
    createdAt: now,
    updatedAt: now,
    attempt: 1,
    purchases: [],
    at: { step: 'submit' },
  };
  // Prompt and metadata alone, at their longest, take less than 6 KB.
  const { images, mask, webhook } = render.request;
  if (images.length === 0 && !mask && !webhook) return checkpoint;
  const excess = Buffer.byteLength(JSON.stringify(checkpoint)) - MAX_CHECKPOINT_BYTES;
  if (excess <= 0) return checkpoint;
  const metadata = Buffer.byteLength(JSON.stringify(render.request.metadata ?? {}));
  const field = metadata > excess ? 'metadata' : 'prompt';
  throw invalidRequest([
    {
      field,
      expected: `at least ${excess} bytes less: prompt, images and metadata together fill more than a job holds`,
      received: `${field === 'metadata' ? metadata : Buffer.byteLength(render.request.prompt)} bytes`,
    },
  ]);
}
