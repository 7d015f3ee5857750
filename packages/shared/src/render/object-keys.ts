/** Where things are in the object store. Derived, never random (I6). */

export const intentKey = (renderId: string, attempt: number) => `ledger/${renderId}/${attempt}/intent.json`;
export const acceptedKey = (renderId: string, attempt: number) =>
  `ledger/${renderId}/${attempt}/accepted.json`;
export const resultKey = (renderId: string, attempt: number) => `ledger/${renderId}/${attempt}/result.json`;
export const receiptKey = (renderId: string) => `renders/${renderId}.json`;
export const inputKey = (digest: string) => `inputs/${digest}`;

const DAY_MS = 86_400_000;

/** Below it are a tenant's renders of one UTC day, given by any time in it, newest first. */
export const dayIndexPrefix = (tenant: string, day: number) =>
  `by-day/${new Date(day).toISOString().slice(0, 10)}/${tenant}/`;

/**
 * An empty object that makes renders listable by day and tenant without reading them. What is left of the day at
 * acceptance comes first in its name, so that a store, which lists in ascending order, lists the newest first.
 */
export const dayIndexKey = (tenant: string, createdAt: number, renderId: string) =>
  `${dayIndexPrefix(tenant, createdAt)}${String(DAY_MS - 1 - (createdAt % DAY_MS)).padStart(8, '0')}-${renderId}`;

/** What a day index key says, or `undefined` for another key. */
export function readDayIndexKey(key: string): { createdAt: number; renderId: string } | undefined {
  const found = /^by-day\/(\d{4}-\d\d-\d\d)\/[^/]+\/(\d{8})-(rnd_[0-9a-f]{32})$/.exec(key);
  if (!found?.[1] || !found[3]) return undefined;
  return { createdAt: Date.parse(found[1]) + DAY_MS - 1 - Number(found[2]), renderId: found[3] };
}

const EXTENSIONS: Record<string, string> = {
  'image/jpeg': 'jpg',
  'image/png': 'png',
  'image/webp': 'webp',
  'image/gif': 'gif',
  'image/avif': 'avif',
};

/**
 * The image's key from the configured template, e.g. `images/{id}.{ext}`; also `{tenant}`, `{date}` (UTC day of
 * acceptance).
 */
export function imageKey(
  template: string,
  render: { renderId: string; tenant: string; createdAt: number },
  contentType: string,
): string {
  const values: Record<string, string> = {
    id: render.renderId,
    tenant: render.tenant,
    date: new Date(render.createdAt).toISOString().slice(0, 10),
    ext: EXTENSIONS[contentType] ?? 'bin',
  };
  return template.replace(/\{(\w+)\}/g, (whole, name: string) => values[name] ?? whole);
}

export const thumbnailKey = (renderId: string) => `thumbnails/${renderId}.webp`;
