/** Where things are in the object store. Derived, never random (I6). */

export const intentKey = (renderId: string, attempt: number) => `ledger/${renderId}/${attempt}/intent.json`;
export const acceptedKey = (renderId: string, attempt: number) =>
  `ledger/${renderId}/${attempt}/accepted.json`;
export const resultKey = (renderId: string, attempt: number) => `ledger/${renderId}/${attempt}/result.json`;
export const receiptKey = (renderId: string) => `renders/${renderId}.json`;
export const inputKey = (digest: string) => `inputs/${digest}`;

/** An empty object that makes receipts listable by day and tenant without reading them. */
export const dayIndexKey = (tenant: string, createdAt: number, renderId: string) =>
  `by-day/${new Date(createdAt).toISOString().slice(0, 10)}/${tenant}/${renderId}`;

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
