import { type JobRequest, sha256 } from '@darkroom/shared';

/**
 * Equal for requests that ask for the same: defaults filled in, fields in any order, images by their digest.
 * URLs count as they are written, so a reference that was signed anew makes another request.
 */
export function fingerprintOf(request: JobRequest): string {
  return sha256(canonical(request));
}

/** Which fields of two requests differ, for the answer to whoever reused a key. */
export function differingFields(one: JobRequest, other: JobRequest): string[] {
  const names = new Set([...Object.keys(one), ...Object.keys(other)]) as Set<keyof JobRequest>;
  return [...names]
    .filter((name) => canonical(one[name] ?? null) !== canonical(other[name] ?? null))
    .map((name) => ({ images: 'image_urls', mask: 'mask_url' })[name as string] ?? name);
}

/** JSON with sorted keys. Only for checked values: it recurses. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_, inner: unknown) =>
    inner !== null && typeof inner === 'object' && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)))
      : inner,
  );
}
