import { LIMITS, RESOLUTIONS, type RenderRequestInput, renderRequestSchema } from '@darkroom/api';
import { z } from 'zod';
import { type CheckedRequest, checkRequest } from '../../intake/index.ts';
import { dropNulls, invalidRequest, listFieldProblems } from '../../problems/index.ts';

/** A submission to ToAPIs as a render request. */
export interface Submission {
  checked: CheckedRequest;
  /** The caller's `client_business_id`. */
  businessId: string | undefined;
}

/** What ToAPIs uses when `size` is absent. */
const SIZE_BY_ORIENTATION = { landscape: '4:3', portrait: '3:4' } as const;
/** Bytes. The id is kept in the job, whose size is limited (I5). */
const BUSINESS_ID_BYTES = 255;

const { model, prompt, size, n, resolution, mask_url, run } = renderRequestSchema.shape;
const address = mask_url.unwrap();

/** The requests that ToAPIs accepts. Like ToAPIs it ignores unknown fields and accepts `null` for absent ones. */
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
          description: 'The place that the provider documents now. Takes precedence over the top level.',
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
      .meta({ description: 'Ignored. Use `webhook_url` of `POST /v1/renders`.' }),
  })
  .meta({ id: 'Submission' });

interface SubmissionHeaders {
  idempotencyKey: string | undefined;
  run: string | undefined;
}

/** A client of ToAPIs can set a header, and has no field for a run. */
export const runHeader = z.object({
  'Darkroom-Run': run.meta({
    description:
      'As the field `run` of `POST /v1/renders`: the id of a run, which then counts the render, or a label.',
  }),
});

/** @throws {ProblemError} `invalid_request` for a header that cannot name a run. */
export function readRunHeader(header: string | string[] | undefined): string | undefined {
  const headers = { 'Darkroom-Run': header };
  const parsed = runHeader.safeParse(headers);
  if (parsed.success) return parsed.data['Darkroom-Run'];
  throw invalidRequest(listFieldProblems(parsed.error, headers, runHeader));
}

/**
 * Reads a body that was made for ToAPIs.
 *
 * @throws {ProblemError} `invalid_request` with all problems.
 */
export function readSubmission(body: unknown, headers: SubmissionHeaders): Submission {
  const parsed = submissionSchema.safeParse(dropNulls(body, submissionSchema.shape));
  if (!parsed.success) throw invalidRequest(listFieldProblems(parsed.error, body, submissionSchema));
  const { metadata, image_urls, client_business_id, callback_url: _, ...fields } = parsed.data;
  const orientation = metadata?.orientation;
  const requestedSize = fields.size ?? (orientation && SIZE_BY_ORIENTATION[orientation]);
  const kept = {
    ...(client_business_id ? { client_business_id } : {}),
    ...(orientation ? { orientation } : {}),
  };
  const request: RenderRequestInput = {
    ...fields,
    size: requestedSize,
    resolution: metadata?.resolution ?? fields.resolution,
    image_urls: image_urls ?? undefined,
    run: headers.run,
    ...(Object.keys(kept).length > 0 ? { metadata: kept } : {}),
  };
  return {
    checked: checkRequest(request, { fromHeader: headers.idempotencyKey }),
    businessId: client_business_id ?? undefined,
  };
}
