import type { NewReview, ReviewListResponse, ReviewResponse, ReviewsResult } from '@darkroom/api';
import { buildQuery, collectPages, type Send } from './send.ts';

/** Catalogues. */
export interface CatalogueApi {
  listReviews(catalogue: string, limit: number): Promise<ReviewResponse[]>;
  /** At most as many as one call can have. */
  saveReviews(catalogue: string, reviews: readonly NewReview[]): Promise<ReviewsResult>;
}

const PAGE = 200;

export function openCatalogueApi(send: Send): CatalogueApi {
  const path = (catalogue: string) => `v1/catalogues/${encodeURIComponent(catalogue)}/reviews`;
  return {
    listReviews: (catalogue, limit) =>
      collectPages(limit, (cursor) =>
        send<ReviewListResponse>(
          'GET',
          `${path(catalogue)}${buildQuery({ limit: Math.min(limit, PAGE), cursor })}`,
        ),
      ),
    // Sending them again writes the same reviews.
    saveReviews: (catalogue, reviews) => send('POST', path(catalogue), { reviews }),
  };
}
