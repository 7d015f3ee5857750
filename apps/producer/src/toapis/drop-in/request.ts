import { LIMITS, RESOLUTIONS, type RenderRequestInput, renderRequestSchema } from '@darkroom/api';
import { z } from 'zod';
import { type CheckedRequest, checkRequest } from '../../intake/index.ts';
import { listFieldProblems } from '../../problems/field-problems.ts';
import { invalidRequest } from '../../problems/index.ts';

/** A submission to the provider, as a render is asked for here. */
export interface Submission {
  checked: CheckedRequest;
  /** The caller's own name for it. */
  businessId: string | undefined;
}

/** With `size` left out, as the provider does it. */
const SIZE_BY_ORIENTATION = { landscape: '4:3', portrait: '3:4' } as const;
/** Bytes: it is kept in a job, which has little room (I5). */
const BUSINESS_ID_BYTES = 255;

const { model, prompt, size, n, resolution, mask_url } = renderRequestSchema.shape;
const address = mask_url.unwrap();

/**
 * What the provider takes. Fields that it does not know are ignored, there and here; where it takes `null` for nothing,
 * so do we.
 */
export const submissionSchema = z
  .object({
    model,
    prompt,
    size: size.nullable(),
    n,
    resolution,
    image_urls: z
      .array(z.union([address, z.object({ url: address }).transform(({ url }) => url)]))
      .max(LIMITS.images)
      .nullish(),
    mask_url,
    metadata: z
      .object({
        resolution: z.enum(RESOLUTIONS).optional().meta({
          description: 'Where the provider documents it now; goes before the one at the top level.',
        }),
        orientation: z
          .enum(['landscape', 'portrait'])
          .optional()
          .meta({ description: 'Without `size`: 4:3 or 3:4.' }),
      })
      .nullish(),
    client_business_id: z
      .string()
      .refine((text) => Buffer.byteLength(text) <= BUSINESS_ID_BYTES, {
        error: `expected at most ${BUSINESS_ID_BYTES} bytes`,
      })
      .refine((text) => text.isWellFormed() && !/[\u0000-\u001f]/.test(text), {
        error: 'expected text without control characters',
      })
      .nullish()
      .meta({ description: 'The same id with the same request is the same render.' }),
    callback_url: z
      .string()
      .refine((text) => URL.canParse(text), { error: 'expected a URL' })
      .nullish()
      .meta({ description: "Ignored: see the native API's `webhook_url`." }),
  })
  .meta({ id: 'Submission' });

/**
 * Reads a body that was meant for the provider.
 *
 * @throws {ProblemError} `invalid_request`, all problems at once.
 */
export function readSubmission(body: unknown, idempotencyKey: string | undefined): Submission {
  const parsed = submissionSchema.safeParse(body);
  if (!parsed.success) throw invalidRequest(listFieldProblems(parsed.error, body));
  const { metadata, image_urls, client_business_id, callback_url: _, ...asked } = parsed.data;
  const orientation = metadata?.orientation;
  const wanted = asked.size ?? (orientation && SIZE_BY_ORIENTATION[orientation]);
  const kept = {
    ...(client_business_id ? { client_business_id } : {}),
    ...(orientation ? { orientation } : {}),
  };
  const request: RenderRequestInput = {
    ...asked,
    size: wanted,
    resolution: metadata?.resolution ?? asked.resolution,
    image_urls: image_urls ?? undefined,
    ...(Object.keys(kept).length > 0 ? { metadata: kept } : {}),
  };
  return { checked: checkRequest(request, idempotencyKey), businessId: client_business_id ?? undefined };
}
