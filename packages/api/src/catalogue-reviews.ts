import { z } from 'zod';
import { LIMITS } from './fields.ts';

/** Reviews in one call. */
export const MAX_REVIEWS = 100;

const MAX_KEY = 255;
const MAX_NOTE = 500;

const digest = z.string().regex(/^[0-9a-f]{64}$/, { error: 'expected 64 hex digits' });
const item = {
  key: z.string().min(1).max(MAX_KEY).meta({ description: 'The key of the product.' }),
  view: z.string().max(MAX_KEY).nullable().meta({ description: 'The view, or null without views.' }),
};
const subject = {
  image_sha256: digest
    .nullable()
    .meta({ description: 'Of the image that was reviewed. Null: the item had no image.' }),
  source_hash: z
    .string()
    .regex(/^\d+:[0-9a-f]{64}$/, { error: 'expected a version and 64 hex digits' })
    .nullable()
    .meta({
      description: 'The hash of the item in the manifest. `prompt` counts while the catalogue wants this.',
    }),
};

/** One review in the body of `POST /v1/catalogues/{name}/reviews`. */
export const newReviewSchema = z
  .strictObject({
    ...item,
    verdict: z.enum(['approved', 'rejected', 'cleared']).meta({
      description: 'The next run buys the image of a rejected item again. `cleared` takes a review back.',
    }),
    note: z.string().max(MAX_NOTE).nullable().optional().meta({ description: 'What is wrong with it.' }),
    prompt: z.string().min(1).max(LIMITS.prompt).nullable().optional().meta({
      description: 'For `rejected`: the prompt of the next image. Null: that of the catalogue.',
    }),
    image_sha256: subject.image_sha256,
    source_hash: subject.source_hash.optional(),
    reviewed_at: z.iso
      .datetime()
      .optional()
      .meta({ description: 'A later review of the same item is kept. By default, now.' }),
  })
  .meta({ id: 'NewReview' });

/** The body of `POST /v1/catalogues/{name}/reviews`. */
export const reviewsRequestSchema = z
  .strictObject({ reviews: z.array(newReviewSchema).min(1).max(MAX_REVIEWS) })
  .meta({ id: 'ReviewsRequest' });

/** `POST /v1/catalogues/{name}/reviews`, 200. */
export const reviewsResultSchema = z
  .strictObject({
    object: z.literal('reviews_result'),
    saved: z.number().int().nonnegative(),
    kept: z.number().int().nonnegative().meta({ description: 'Items that have a later review.' }),
  })
  .meta({ id: 'ReviewsResult' });

/** A review in `GET /v1/catalogues/{name}/reviews`. */
export const reviewSchema = z
  .strictObject({
    object: z.literal('review'),
    ...item,
    verdict: z.enum(['approved', 'rejected']),
    note: z.string().nullable(),
    prompt: z.string().nullable(),
    ...subject,
    actor: z.string().meta({ description: 'The tenant of the key and the start of its hash.' }),
    reviewed_at: z.iso.datetime(),
  })
  .meta({ id: 'Review' });

/** `GET /v1/catalogues/{name}/reviews`, 200. */
export const reviewListSchema = z
  .strictObject({
    object: z.literal('list'),
    data: z.array(reviewSchema),
    next_cursor: z.string().nullable(),
  })
  .meta({ id: 'ReviewList' });

export type NewReview = z.infer<typeof newReviewSchema>;
export type ReviewsResult = z.infer<typeof reviewsResultSchema>;
export type ReviewResponse = z.infer<typeof reviewSchema>;
export type ReviewListResponse = z.infer<typeof reviewListSchema>;
