import type { ObjectStore } from '@darkroom/shared/object-store';
import { formatItemId } from '../manifest/index.ts';
import { type Review, reviewKey, reviewPrefix, reviewSchema } from './review.ts';

interface CatalogueName {
  tenant: string;
  name: string;
}

/** The reviews of a catalogue, by item. */
export interface ReviewIndex {
  find(item: { key: string; view: string | null }): Review | undefined;
}

/** For catalogues without reviews. */
export const NO_REVIEWS: ReviewIndex = { find: () => undefined };

/** Reviews that are read at the same time. */
const AHEAD = 16;

/** Reads one review. @returns `undefined` without one, or for one that cannot be read @throws {StoreError} */
export async function readReview(
  store: ObjectStore,
  catalogue: CatalogueName,
  item: { key: string; view: string | null },
  signal?: AbortSignal,
): Promise<Review | undefined> {
  return parseReview(await store.get(reviewKey(catalogue, item), signal ? { signal } : {}));
}

/** Writes a review. It replaces the one before. @throws {StoreError} */
export async function writeReview(
  store: ObjectStore,
  catalogue: CatalogueName,
  review: Review,
  signal?: AbortSignal,
): Promise<void> {
  const options = { contentType: 'application/json', ...(signal ? { signal } : {}) };
  await store.put(reviewKey(catalogue, review), JSON.stringify(review), options);
}

/** Takes a review back. Without one, it changes nothing. @throws {StoreError} */
export async function deleteReview(
  store: ObjectStore,
  catalogue: CatalogueName,
  item: { key: string; view: string | null },
  signal?: AbortSignal,
): Promise<void> {
  await store.delete(reviewKey(catalogue, item), signal ? { signal } : {});
}

/** A page of the reviews of a catalogue. A review that cannot be read is left out. @throws {StoreError} */
export async function listReviews(
  store: ObjectStore,
  { tenant, name }: CatalogueName,
  { limit, cursor, signal }: { limit: number; cursor?: string | undefined; signal?: AbortSignal | undefined },
): Promise<{ reviews: Review[]; cursor: string | undefined }> {
  const prefix = reviewPrefix(tenant, name);
  const withSignal = signal ? { signal } : {};
  const page = await store.list({
    prefix,
    limit,
    ...withSignal,
    ...(cursor === undefined ? {} : { cursor: prefix + cursor }),
  });
  const reviews: Review[] = [];
  for (let from = 0; from < page.objects.length; from += AHEAD) {
    const part = page.objects.slice(from, from + AHEAD);
    const read = await Promise.all(
      part.map(async ({ key }) => parseReview(await store.get(key, withSignal))),
    );
    reviews.push(...read.filter((one) => one !== undefined));
  }
  return { reviews, cursor: page.cursor?.slice(prefix.length) };
}

/** Reads all reviews of a catalogue, for a plan. @throws {StoreError} */
export async function fetchReviews(
  store: ObjectStore,
  catalogue: CatalogueName,
  signal?: AbortSignal,
): Promise<ReviewIndex & { list(): Iterable<Review> }> {
  const found = new Map<string, Review>();
  let cursor: string | undefined;
  do {
    const page = await listReviews(store, catalogue, { limit: 1000, cursor, signal });
    for (const one of page.reviews) found.set(formatItemId(one), one);
    cursor = page.cursor;
  } while (cursor !== undefined);
  return { find: (item) => found.get(formatItemId(item)), list: () => found.values() };
}

function parseReview(bytes: Uint8Array | undefined): Review | undefined {
  if (!bytes) return undefined;
  try {
    return reviewSchema.parse(JSON.parse(new TextDecoder().decode(bytes)));
  } catch {
    return undefined;
  }
}
