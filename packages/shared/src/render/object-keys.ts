// The keys of all objects in the store. They are derived, never random (I6).

/** Claims and statements of an attempt are numbered from 1. The first one has no number in its name. */
const numberSuffix = (number: number) => (number === 1 ? '' : `-${number}`);

/** The prefix of all objects of the ledger about a render. */
export const ledgerPrefix = (renderId: string) => `ledger/${renderId}/`;
export const intentKey = (renderId: string, attempt: number, claim = 1) =>
  `ledger/${renderId}/${attempt}/intent${numberSuffix(claim)}.json`;
export const releaseKey = (renderId: string, attempt: number, claim = 1) =>
  `ledger/${renderId}/${attempt}/release${numberSuffix(claim)}.json`;
export const statementKey = (renderId: string, attempt: number, number = 1) =>
  `ledger/${renderId}/${attempt}/statement${numberSuffix(number)}.json`;
export const acceptedKey = (renderId: string, attempt: number) =>
  `ledger/${renderId}/${attempt}/accepted.json`;
export const resultKey = (renderId: string, attempt: number) => `ledger/${renderId}/${attempt}/result.json`;
/** A caller asked to cancel the render. */
export const cancelRequestKey = (renderId: string) => `ledger/${renderId}/cancel.json`;
/** An operator discarded the dead letter of the render. */
export const discardKey = (renderId: string) => `ledger/${renderId}/discard.json`;
export const refundKey = (renderId: string, attempt: number) => `ledger/${renderId}/${attempt}/refund.json`;
export const receiptKey = (renderId: string) => `renders/${renderId}.json`;
/** The prefix of {@link deadLetterKey}. */
export const DEAD_LETTER_PREFIX = 'dead-letters/';
/** The key of the empty object that lists a render whose last end was a failure. */
export const deadLetterKey = (renderId: string) => `${DEAD_LETTER_PREFIX}${renderId}`;
export const inputKey = (digest: string) => `inputs/${digest}`;

const DAY_MS = 86_400_000;

/** The prefix of the day index. Below it are folders of UTC days, and in each of them folders of tenants. */
export const DAY_INDEX_PREFIX = 'by-day/';

/** The prefix of the UTC day of `time` (Unix ms). */
export const dayPrefix = (time: number) => `${DAY_INDEX_PREFIX}${new Date(time).toISOString().slice(0, 10)}/`;

/** The prefix of a tenant's day index, for the UTC day of `time` (Unix ms). Its keys are in order, newest first. */
export const dayIndexPrefix = (tenant: string, time: number) => `${dayPrefix(time)}${tenant}/`;

/**
 * The key of the empty object that lists a render by day and tenant. Its name starts with the milliseconds that were
 * left of the day at `createdAt`. Stores list in ascending order, so the newest render comes first.
 */
export const dayIndexKey = (tenant: string, createdAt: number, renderId: string) =>
  `${dayIndexPrefix(tenant, createdAt)}${String(DAY_MS - 1 - (createdAt % DAY_MS)).padStart(8, '0')}-${renderId}`;

/** Parses a day index key. @returns `undefined` for another key. */
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
 * The key of an image, from the configured template, for example `images/{id}.{ext}`. The template may also contain
 * `{tenant}` and `{date}` (the UTC day of `createdAt`).
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
