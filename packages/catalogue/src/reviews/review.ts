import { hash } from 'node:crypto';
import { z } from 'zod';
import { cataloguePrefix, formatItemId } from '../manifest/index.ts';

/** Persisted in every review. */
export const REVIEW_VERSION = 1;

const digest = z.string().regex(/^[0-9a-f]{64}$/);

/** What a person decided about an image of a catalogue: one object per item, the last review counts. */
export const reviewSchema = z.strictObject({
  version: z.literal(REVIEW_VERSION),
  key: z.string().min(1),
  view: z.string().nullable(),
  verdict: z.enum(['approved', 'rejected']),
  /** What is wrong with it. */
  note: z.string().nullable(),
  /** The prompt with which the item is bought again. Null: that of the catalogue. */
  prompt: z.string().nullable(),
  /** Of the image that was reviewed. Null: the item had none, because it failed. */
  image_sha256: digest.nullable(),
  /**
   * The hash of the item as the catalogue wanted it. The other prompt counts while the catalogue wants the same. Null: not
   * known.
   */
  source_hash: z
    .string()
    .regex(/^\d+:[0-9a-f]{64}$/)
    .nullable(),
  actor: z.string().min(1),
  reviewed_at: z.iso.datetime(),
});
export type Review = z.infer<typeof reviewSchema>;

export const reviewPrefix = (tenant: string, name: string) => `${cataloguePrefix(tenant, name)}reviews/`;

/** Keys of products have characters that keys of objects cannot have. */
export const reviewKey = (
  { tenant, name }: { tenant: string; name: string },
  item: { key: string; view: string | null },
) => `${reviewPrefix(tenant, name)}${hash('sha256', formatItemId(item), 'hex')}.json`;
