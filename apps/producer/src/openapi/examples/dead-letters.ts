import type {
  DeadLetterDetailResponse,
  DeadLetterListResponse,
  DeadLetterResponse,
  DeadLetterSummaryResponse,
  DiscardResponse,
  RedriveItemListResponse,
  RedriveListResponse,
  RedrivePlanResponse,
  RedriveResponse,
} from '@darkroom/api';

const ID = 'rnd_5f1c0d7a3b9e4f2688c1d2e3f4a5b6c7';
const PLAN = 'rdp_5f1c0d7a3b9e4f2688c1d2e3f4a5b6c7';
const REDRIVE = 'rdv_5f1c0d7a3b9e4f2688c1d2e3f4a5b6c7';
const BASE = 'http://127.0.0.1:3000';

const letter: DeadLetterResponse = {
  object: 'dead_letter',
  id: ID,
  code: 'upstream_unreachable',
  message: 'connect ECONNREFUSED 203.0.113.7:443',
  reason: '7c1f0a2b3d4e',
  step: 'submit',
  tenant: 'shop',
  run: 'autumn-catalogue',
  model: 'gemini-3-pro-image-preview',
  resolution: '2K',
  created_at: '2026-11-22T16:00:45.349Z',
  failed_at: '2026-11-22T16:04:12.110Z',
  attempts: 0,
  task_ids: [],
  cost: { spent: '0.000', refunded: '0.000', possibly_spent: '0.000', currency: 'USD' },
  url_expires_at: null,
  redrives: 1,
  redrive: { step: 'submit', action: 'buy', price: '0.040' },
  links: {
    self: `${BASE}/v1/dead-letters/${ID}`,
    render: `${BASE}/v1/renders/${ID}`,
    page: `${BASE}/renders/${ID}`,
  },
};

const totals = {
  count: 300,
  spent: '0.000',
  refunded: '0.000',
  possibly_spent: '0.000',
  redrive_price: '12.000',
  acknowledge: { count: 0, price: '0.000' },
};

const redrive: RedriveResponse = {
  object: 'redrive',
  id: REDRIVE,
  plan: PLAN,
  status: 'running',
  status_reason: null,
  total: 300,
  started: 120,
  done: 95,
  skipped: 2,
  failed: 1,
  remaining: 202,
  purchases: 120,
  spend: '4.800',
  currency: 'USD',
  rate: 20,
  max_jobs: null,
  max_spend: '12.500',
  accept_duplicate_charge: false,
  poll_again: false,
  actor: 'key *:…:9f86d081…',
  reason: 'The provider is back.',
  created_at: '2026-11-22T16:20:00.000Z',
  started_at: '2026-11-22T16:20:00.210Z',
  ended_at: null,
  links: { self: `${BASE}/v1/redrives/${REDRIVE}`, items: `${BASE}/v1/redrives/${REDRIVE}/items` },
};

/** By the id of the component. */
export const DEAD_LETTER_EXAMPLES: Record<string, unknown> = {
  DeadLetterList: {
    object: 'list',
    data: [letter],
    total: 1,
    next_cursor: null,
  } satisfies DeadLetterListResponse,
  DeadLetterDetail: {
    ...letter,
    prompt: 'Hand-thrown stoneware mug on a linen cloth',
    metadata: { sku: '1042' },
    causes: ['Error: connect ECONNREFUSED 203.0.113.7:443'],
    earlier_failures: [
      {
        code: 'upstream_unreachable',
        message: 'connect ECONNREFUSED 203.0.113.7:443',
        step: 'submit',
        failed_at: '2026-11-22T16:01:12.110Z',
        redriven_at: '2026-11-22T16:03:00.000Z',
      },
    ],
    advice: 'Submits the request again, with all attempts.',
  } satisfies DeadLetterDetailResponse,
  DeadLetterSummary: {
    object: 'dead_letter_summary',
    group_by: 'reason',
    ...totals,
    currency: 'USD',
    groups: [
      {
        key: '7c1f0a2b3d4e',
        code: 'upstream_unreachable',
        message: 'connect ECONNREFUSED <address>',
        ...totals,
        first_failed_at: '2026-11-22T16:01:12.110Z',
        last_failed_at: '2026-11-22T16:04:12.110Z',
        redriven_before: 40,
        earlier_redrives: { renders: 52, failed_again: 40 },
        examples: [ID],
      },
    ],
    more_groups: 0,
  } satisfies DeadLetterSummaryResponse,
  Discard: { object: 'discard', discarded: 12, skipped: [], remaining: 0 } satisfies DiscardResponse,
  RedrivePlan: {
    object: 'redrive_plan',
    id: PLAN,
    created_at: '2026-11-22T16:19:00.000Z',
    expires_at: '2026-11-23T16:19:00.000Z',
    total: 300,
    steps: { submit: 300, hold: 0, poll: 0, store: 0, finish: 0 },
    purchases: { count: 300, price: '12.000' },
    acknowledge: { count: 0, price: '0.000' },
    unknown: 0,
    not_found: [],
    currency: 'USD',
  } satisfies RedrivePlanResponse,
  Redrive: redrive,
  RedriveList: { object: 'list', data: [redrive], next_cursor: null } satisfies RedriveListResponse,
  RedriveItemList: {
    object: 'list',
    data: [
      {
        id: ID,
        status: 'failed',
        step: 'submit',
        buys: true,
        price: '0.040',
        skip_reason: null,
        error: { code: 'content_policy_violation', message: 'rejected', step: 'submit' },
      },
    ],
    next_cursor: null,
  } satisfies RedriveItemListResponse,
};
