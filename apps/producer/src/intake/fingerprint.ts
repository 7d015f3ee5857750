import { type JobRequest, sha256 } from '@darkroom/shared/render';

/**
 * Equal for requests that ask for the same: defaults filled in, fields in any order, images by their digest.
 * URLs, also the webhook's, count as they are written, so a reference that was signed anew makes another request.
 */
export function fingerprintRequest(request: JobRequest): string {
  const { images, mask, metadata, webhook } = request;
  // The same as `canonical` of it. Thousands come at once, and most hold little that is unsorted.
  const text = JSON.stringify({
    images: images.length > 0 ? sortKeys(images) : images,
    mask: mask && sortKeys(mask),
    metadata: metadata && sortKeys(metadata),
    model: request.model,
    priority: request.priority,
    prompt: request.prompt,
    resolution: request.resolution,
    run: request.run,
    size: request.size,
    webhook: webhook && sortKeys(webhook),
  } satisfies { [F in keyof Required<JobRequest>]: unknown });
  return sha256(text);
}

const API_NAMES: Record<string, string> = { images: 'image_urls', mask: 'mask_url', webhook: 'webhook_url' };

/** Which fields of two requests differ, for the answer to whoever reused a key. */
export function listDifferingFields(one: JobRequest, other: JobRequest): string[] {
  const names = new Set([...Object.keys(one), ...Object.keys(other)]) as Set<keyof JobRequest>;
  return [...names]
    .filter((name) => toCanonicalJson(one[name] ?? null) !== toCanonicalJson(other[name] ?? null))
    .map((name) => API_NAMES[name] ?? name);
}

/** JSON with sorted keys. Only for checked values: it recurses. */
const toCanonicalJson = (value: unknown): string => JSON.stringify(sortKeys(value));

function sortKeys(value: unknown): unknown {
  if (value === null || typeof value !== 'object') return value;
  if (Array.isArray(value)) return value.map(sortKeys);
  const copy: Record<string, unknown> = {};
  for (const name of Object.keys(value).sort())
    copy[name] = sortKeys((value as Record<string, unknown>)[name]);
  return copy;
}
