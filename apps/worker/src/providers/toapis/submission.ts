import type { Submission } from '../provider.ts';

/**
 * The body of a submission. Resolution goes both to the top level (the contract asked for) and into `metadata`
 * (what the provider documents now).
 */
export function submissionBody(submission: Submission): Record<string, unknown> {
  const orientation = orientationOf(submission.size);
  return {
    model: submission.model,
    prompt: submission.prompt,
    n: 1,
    ...(submission.size ? { size: submission.size } : {}),
    resolution: submission.resolution,
    metadata: { resolution: submission.resolution, ...(orientation ? { orientation } : {}) },
    ...(submission.imageUrls.length > 0 ? { image_urls: submission.imageUrls.map((url) => ({ url })) } : {}),
    ...(submission.maskUrl ? { mask_url: submission.maskUrl } : {}),
    client_business_id: submission.businessId,
  };
}

function orientationOf(size: string | undefined): 'landscape' | 'portrait' | undefined {
  const [width, height] = (size ?? '1:1').split(':').map(Number);
  if (!width || !height || width === height) return undefined;
  return width > height ? 'landscape' : 'portrait';
}
