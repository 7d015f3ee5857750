import type { Scrub } from '@darkroom/shared/runtime';

/** A copy of a JSON value with every text in it scrubbed (I8). */
export function scrubDeep(scrub: Scrub, value: unknown): unknown {
  if (typeof value === 'string') return scrub(value);
  if (Array.isArray(value)) return value.map((item) => scrubDeep(scrub, item));
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, scrubDeep(scrub, inner)]));
}
