import type { Submission } from '../provider.ts';

/**
 * The body of a submission. Every field of the request reaches it, under its own name unless it is listed here. The
 * resolution is sent twice: at the top level, as the contract says, and in `metadata`, as the provider's documents say.
 */
export function createSubmissionBody({ renderId, request, inputs }: Submission): Record<string, unknown> {
  const {
    // For Darkroom alone.
    priority: _priority,
    run: _run,
    webhook: _webhook,
    metadata: _metadata,
    // Resolved in `inputs`.
    images: _images,
    mask: _mask,
    ...rest
  } = request;
  const { imageUrls, maskUrl } = inputs;
  const orientation = findOrientation(request.size);
  return {
    ...rest,
    n: 1,
    metadata: { resolution: request.resolution, ...(orientation ? { orientation } : {}) },
    ...(imageUrls.length > 0 ? { image_urls: imageUrls.map((url) => ({ url })) } : {}),
    ...(maskUrl ? { mask_url: maskUrl } : {}),
    client_business_id: renderId,
  };
}

function findOrientation(size: string | undefined): 'landscape' | 'portrait' | undefined {
  const [width, height] = (size ?? '1:1').split(':').map(Number);
  if (!width || !height || width === height) return undefined;
  return width > height ? 'landscape' : 'portrait';
}
