import { sha256 } from './ids.ts';
import type { JobRequest } from './job-request.ts';

/**
 * Equal for equal requests: with defaults filled in, fields in any order, images by their digest. URLs, including the
 * webhook's, are compared as text. So a URL that was signed again makes a different request.
 */
export function fingerprintRequest(request: JobRequest): string {
  const { images, mask, metadata, webhook } = request;
  // The same text as `toCanonicalJson` makes, but faster: bulk calls need thousands, and few of their fields need sorting.
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

/** The names of the fields in which two requests differ, for the `idempotency_conflict` problem. */
export function listDifferingFields(one: JobRequest, other: JobRequest): string[] {
  const names = new Set([...Object.keys(one), ...Object.keys(other)]) as Set<keyof JobRequest>;
  return [...names]
    .filter((name) => toCanonicalJson(one[name] ?? null) !== toCanonicalJson(other[name] ?? null))
    .map((name) => API_NAMES[name] ?? name);
}

/** JSON with sorted keys. Only for checked values, because it recurses. */
const toCanonicalJson = (value: unknown): string => JSON.stringify(sortKeys(value));

function sortKeys(value: unknown): unknown {
  if (value === null || typeof value !== 'object') return value;
  if (Array.isArray(value)) return value.map(sortKeys);
  const copy: Record<string, unknown> = {};
  for (const name of Object.keys(value).sort())
    copy[name] = sortKeys((value as Record<string, unknown>)[name]);
  return copy;
}
