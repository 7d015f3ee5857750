// What people decided about the images of a catalogue. A rejected image is bought again by the next run.
//
// review.ts        one review, and its key in the store
// review-store.ts  reads and writes them
export { REVIEW_VERSION, type Review } from './review.ts';
export {
  deleteReview,
  fetchReviews,
  listReviews,
  NO_REVIEWS,
  type ReviewIndex,
  readReview,
  writeReview,
} from './review-store.ts';
