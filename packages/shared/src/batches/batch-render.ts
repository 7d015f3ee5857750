import { LIMITS, MODELS, RESOLUTIONS, SIZES } from '@darkroom/api';
import { z } from 'zod';
import {
  type CheckpointExcess,
  createCheckpoint,
  type JobRequest,
  measureExcess,
  packUrl,
  type Reference,
  type StoredInput,
} from '../render/index.ts';

/** What a line wants, whichever endpoint it calls. */
export const batchRenderSchema = z.strictObject({
  model: z.enum(MODELS),
  prompt: z.string(),
  size: z.enum(SIZES).optional(),
  resolution: z.enum(RESOLUTIONS),
  image_urls: z.array(z.string()).max(LIMITS.images).optional(),
  mask_url: z.string().optional(),
  webhook_url: z.string().optional(),
  metadata: z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()])).optional(),
});
export type BatchRender = z.infer<typeof batchRenderSchema>;

/** The request for the queue, and the inputs that must be stored for it. Interactive renders go first. */
export function packBatchRender(
  render: BatchRender,
  run: string,
): { request: JobRequest; inputs: StoredInput[] } {
  const inputs: StoredInput[] = [];
  const pack = (url: string): Reference => {
    const { reference, input } = packUrl(new URL(url));
    if (input) inputs.push(input);
    return reference;
  };
  const { model, prompt, size, resolution, image_urls = [], mask_url, webhook_url, metadata } = render;
  const request: JobRequest = {
    model,
    prompt,
    resolution,
    images: image_urls.map(pack),
    priority: 'batch',
    run,
    ...(size === undefined ? {} : { size }),
    ...(mask_url === undefined ? {} : { mask: pack(mask_url) }),
    ...(webhook_url === undefined ? {} : { webhook: pack(webhook_url) }),
    ...(metadata === undefined ? {} : { metadata }),
  };
  return { request, inputs };
}

/** By how much the render is larger than a job may be. */
export function measureBatchRender(render: BatchRender): CheckpointExcess | undefined {
  const { request } = packBatchRender(render, 'batch_'.padEnd(38, '0'));
  const checkpoint = createCheckpoint({
    renderId: 'rnd_'.padEnd(36, '0'),
    // The longest name of a tenant.
    tenant: 'a'.repeat(63),
    request,
    provider: 'toapis',
    creatorToken: '0'.repeat(16),
    inRun: true,
    now: 0,
  });
  return measureExcess(checkpoint);
}
