import {
  type NewReview,
  type ReviewListResponse,
  type ReviewResponse,
  type ReviewsResult,
  reviewListSchema,
  reviewsRequestSchema,
  reviewsResultSchema,
} from '@darkroom/api';
import {
  deleteReview,
  listReviews,
  REVIEW_VERSION,
  type Review,
  readReview,
  writeReview,
} from '@darkroom/catalogue';
import type { ObjectStore } from '@darkroom/shared/object-store';
import type { Clock } from '@darkroom/shared/runtime';
import type { FastifyRequest } from 'fastify';
import pMap from 'p-map';
import { z } from 'zod';
import { describeCaller } from '../access/index.ts';
import type { Auditor } from '../audit/index.ts';
import { STORE_DEADLINE_MS, withStoreDeadline } from '../backends/index.ts';
import type { Endpoint } from '../endpoint.ts';
import { noQuery, readQuery, wholeNumber } from '../http/index.ts';
import { readJsonBody } from '../intake/index.ts';
import { JSON_BODY_PROBLEMS, jsonResponse, problemResponses } from '../openapi/index.ts';
import { type CatalogueName, findCatalogue } from './find-catalogue.ts';

export interface ReviewDeps {
  store: ObjectStore;
  clock: Clock;
  auditor: Auditor;
}

/** Enough for as many reviews as a call can have, with their prompts. */
const MAX_BODY_BYTES = 1024 * 1024;
const DEFAULT_LIMIT = 100;
/** Reviews that are written at the same time. */
const AHEAD = 8;

/** `GET /v1/catalogues/{name}/reviews`. */
export const listReviewsEndpoint = ({ store }: ReviewDeps): Endpoint => ({
  needs: 'read',
  doc: listDoc,
  run: async (request, reply) => {
    const { limit = DEFAULT_LIMIT, cursor } = readQuery(listParams, request);
    const catalogue = await findCatalogue(store, request);
    const { reviews, cursor: next } = await withStoreDeadline(STORE_DEADLINE_MS.small, (signal) =>
      listReviews(store, catalogue, { limit, cursor, signal }),
    );
    const list: ReviewListResponse = {
      object: 'list',
      data: reviews.map(toReviewResponse),
      next_cursor: next ?? null,
    };
    return await reply.send(list);
  },
});

/** `POST /v1/catalogues/{name}/reviews`. What they change is bought by the next run, not now. */
export const saveReviewsEndpoint = (deps: ReviewDeps): Endpoint => ({
  needs: 'enqueue or operate',
  bodyLimit: MAX_BODY_BYTES,
  doc: saveDoc,
  run: async (request, reply) => {
    readQuery(noQuery, request);
    const { reviews } = readJsonBody(request, reviewsRequestSchema);
    const catalogue = await findCatalogue(deps.store, request);
    return await reply.send(await saveReviews(deps, request, catalogue, reviews));
  },
});

async function saveReviews(
  { store, clock, auditor }: ReviewDeps,
  request: FastifyRequest,
  catalogue: CatalogueName,
  inputs: readonly NewReview[],
): Promise<ReviewsResult> {
  const actor = describeCaller(request.caller);
  const now = new Date(clock.now()).toISOString();
  // The last review of an item in the call counts.
  const items = new Map(inputs.map((one) => [JSON.stringify([one.key, one.view]), one]));
  const saved = await pMap(
    items.values(),
    async (input) => {
      const reviewedAt = readReviewTime(input, now);
      const isSaved = await withStoreDeadline(STORE_DEADLINE_MS.small, async (signal) => {
        const before = await readReview(store, catalogue, input, signal);
        if (before && before.reviewed_at > reviewedAt) return false;
        if (input.verdict === 'cleared') await deleteReview(store, catalogue, input, signal);
        else await writeReview(store, catalogue, createReview(input, reviewedAt, actor), signal);
        return true;
      });
      return isSaved ? [input] : [];
    },
    { concurrency: AHEAD },
  );
  const done = saved.flat();
  if (done.length > 0)
    await auditor.record(request, {
      action: 'catalogue.review',
      target: { kind: 'catalogue', id: catalogue.name },
      tenant: catalogue.tenant,
      after: describeReviews(done),
    });
  return { object: 'reviews_result', saved: done.length, kept: items.size - done.length };
}

/** A clock of a browser that is ahead would protect its review from all later ones. */
const readReviewTime = ({ reviewed_at: at }: NewReview, now: string) => {
  const time = at === undefined ? now : new Date(at).toISOString();
  return time < now ? time : now;
};

const createReview = (
  { key, view, verdict, note, prompt, image_sha256, source_hash }: NewReview,
  reviewedAt: string,
  actor: string,
): Review => ({
  version: REVIEW_VERSION,
  key,
  view,
  verdict: verdict === 'approved' ? 'approved' : 'rejected',
  note: note?.trim() || null,
  prompt: verdict === 'rejected' ? (prompt ?? null) : null,
  image_sha256,
  source_hash: source_hash ?? null,
  actor,
  reviewed_at: reviewedAt,
});

/** For the audit log: one review as it is, several as their counts. */
function describeReviews(done: readonly NewReview[]) {
  const [first] = done;
  if (done.length === 1 && first) {
    const { key, view, verdict, note, prompt } = first;
    return { key, view, verdict, note: note ?? null, prompt: prompt ?? null };
  }
  const count = (verdict: NewReview['verdict']) => done.filter((one) => one.verdict === verdict).length;
  return { approved: count('approved'), rejected: count('rejected'), cleared: count('cleared') };
}

const toReviewResponse = ({ version: _, ...review }: Review): ReviewResponse => ({
  object: 'review',
  ...review,
});

const nameParam = z.object({
  name: z.string().meta({ example: 'shoes', description: 'For a key of all tenants: `acme:shoes`.' }),
});

const listParams = z.object({
  limit: wholeNumber(1, 200)
    .optional()
    .meta({ description: `Maximum number in a page; ${DEFAULT_LIMIT} by default.` }),
  cursor: z
    .string()
    .regex(/^[0-9a-f]{64}\.json$/, { error: 'expected the next_cursor of an earlier page' })
    .optional()
    .meta({ description: '`next_cursor` of the previous page.' }),
});

const listDoc = {
  operationId: 'listCatalogueReviews',
  tags: ['Catalogues'],
  summary: 'List the reviews of a catalogue',
  description:
    'What people decided about its images, in no particular order. An item has at most one review: the last.',
  requestParams: { path: nameParam, query: listParams },
  responses: {
    '200': jsonResponse('A page of reviews.', reviewListSchema),
    ...problemResponses('invalid_request', 'catalogue_not_found', 'store_unavailable'),
  },
};

const saveDoc = {
  operationId: 'saveCatalogueReviews',
  tags: ['Catalogues'],
  summary: 'Review images of a catalogue',
  description: [
    'The next run buys each rejected image again, with `prompt` if there is one. A review is about one image: it counts while the',
    'manifest of the last good run has an image with this `image_sha256`. Nothing is bought now.',
  ].join(' '),
  requestParams: { path: nameParam },
  requestBody: {
    required: true,
    content: {
      'application/json': {
        schema: reviewsRequestSchema,
        example: {
          reviews: [
            {
              key: 'CH 100',
              view: 'front',
              verdict: 'rejected',
              note: 'The chair has five legs.',
              prompt: 'A studio photo of a chair with four legs, on a white background.',
              image_sha256: '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08',
              source_hash: '1:2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae',
            },
          ],
        },
      },
    },
  },
  responses: {
    '200': jsonResponse('The reviews are stored.', reviewsResultSchema),
    ...problemResponses(...JSON_BODY_PROBLEMS, 'catalogue_not_found', 'store_unavailable'),
  },
};
