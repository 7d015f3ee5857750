import { LIMITS, MODELS, PRIORITIES, RESOLUTIONS, RUN, SIZES } from '@darkroom/api';
import { z } from 'zod';
import { referenceSchema } from './reference.ts';

/** The request as the queue keeps it: no bytes, no signed URLs, below 8 KB (I5, I8). */
export const jobRequestSchema = z.strictObject({
  model: z.enum(MODELS),
  prompt: z.string(),
  size: z.enum(SIZES).optional(),
  resolution: z.enum(RESOLUTIONS),
  images: z.array(referenceSchema).max(LIMITS.images),
  mask: referenceSchema.optional(),
  priority: z.enum(PRIORITIES),
  run: z.string().regex(RUN).optional(),
  /** Where its end is told: a plain URL, or where the store keeps one. */
  webhook: referenceSchema.optional(),
  metadata: z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()])).optional(),
});

export type JobRequest = z.infer<typeof jobRequestSchema>;
