import type { LimitResponse, NewReview, ReviewResponse, WorkerResponse } from '@darkroom/api';

const limit: LimitResponse = {
  object: 'limit',
  name: 'submissions-per-minute',
  value: 120,
  base: 300,
  override: {
    value: 120,
    actor: 'key *:…:5f1c0d7a…',
    reason: 'The provider is slow today.',
    since: '2026-11-26T09:30:00.000Z',
    until: '2026-11-26T11:30:00.000Z',
  },
  ended: null,
  minimum: 30,
  maximum: 600,
  workers: [{ name: 'render-7d9f-4711-a3f2', base: 300, value: 120 }],
};

const share: LimitResponse = {
  ...limit,
  name: 'tenant-share.acme',
  value: 3,
  base: 3,
  override: null,
  minimum: 1,
  maximum: 100,
  workers: [{ name: 'render-7d9f-4711-a3f2', base: 3, value: 3 }],
};

const worker: WorkerResponse = {
  object: 'worker',
  name: 'render-7d9f-4711-a3f2',
  host: 'render-7d9f',
  pid: 4711,
  version: '0.3.0',
  state: 'draining',
  since: '2026-11-26T08:00:00.000Z',
  last_seen: '2026-11-26T09:31:02.120Z',
  active: { render: 2, store: 1 },
  limits: {
    'submissions-per-minute': 120,
    'polls-per-second': 50,
    'render-concurrency': 100,
    'submit-concurrency': 50,
    'store-concurrency': 8,
    'webhook-concurrency': 32,
  },
  drain: {
    actor: 'key *:…:5f1c0d7a…',
    reason: 'This machine is replaced.',
    since: '2026-11-26T09:31:00.000Z',
  },
};

const review: ReviewResponse = {
  object: 'review',
  key: 'CH 100',
  view: 'front',
  verdict: 'rejected',
  note: 'The chair has five legs.',
  prompt: 'A studio photo of a chair with four legs, on a white background.',
  image_sha256: '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08',
  source_hash: '1:2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae',
  actor: 'key acme:…:5f1c0d7a…',
  reviewed_at: '2026-11-26T08:12:45.349Z',
};

const newReview: NewReview = {
  key: 'CH 101',
  view: 'front',
  verdict: 'approved',
  image_sha256: '2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae',
};

export const CONTROL_EXAMPLES: Record<string, unknown> = {
  Limit: limit,
  LimitList: { object: 'list', data: [limit, share] },
  Review: review,
  ReviewList: { object: 'list', data: [review], next_cursor: null },
  NewReview: newReview,
  ReviewsRequest: { reviews: [newReview] },
  ReviewsResult: { object: 'reviews_result', saved: 1, kept: 0 },
  Worker: worker,
  WorkerList: { object: 'list', data: [worker] },
};
