import type { FaultRule } from '@darkroom/upstream-simulator';

/** The steps at which the operator can find a render, as the API shows them. */
export type VisibleStep = 'submit' | 'hold' | 'poll' | 'store';

/** What happens to a render at the provider. Each fault applies once, unless it has a rate. */
export interface Fate {
  name: string;
  /** How many renders of a night have it. */
  count: number;
  faults: FaultRule[];
  /** The operator cancels the render as soon as it is seen at this step. */
  cancelAt?: VisibleStep;
  /** The provider's purchases that may be kept besides the first. Each was worthless, and the render was bought again. */
  extraPurchases?: number;
}

const NO_WEBHOOK: FaultRule = { kind: 'webhook_lost', rate: 1 };
const GATEWAY_STATUSES = [404, 408, 409, 425, 499, 502];

/** The answer to a submission that bought is lost. */
const lost = (name: string, count: number, fault: FaultRule): Fate[] => [
  { name: `${name}, webhook`, count, faults: [fault] },
  { name: `${name}, no webhook`, count, faults: [fault, NO_WEBHOOK] },
];

/** Durations are provider time; see TIME_SCALE in processes.ts. */
export const FATES: Fate[] = [
  { name: 'undisturbed', count: 60, faults: [] },
  // The provider may be buying while its worker is killed.
  { name: 'slow submission', count: 20, faults: [{ kind: 'slow', ms: 20_000 }] },

  // Bought or not, the worker cannot know.
  ...lost('accepted, then cut', 4, { kind: 'accept_then_cut' }),
  ...lost('accepted, garbage', 1, { kind: 'accept_garbage' }),
  ...lost('accepted, no id', 1, { kind: 'accept_garbage', form: 'no_id' }),
  ...GATEWAY_STATUSES.flatMap((status) =>
    lost(`accepted, page ${status}`, 1, { kind: 'accept_then_html', status }),
  ),
  {
    name: 'accepted, then cut, late webhook',
    count: 3,
    faults: [{ kind: 'accept_then_cut' }, { kind: 'webhook_late', ms: 100_000 }],
  },
  {
    name: 'accepted, then cut, failed and refunded',
    count: 3,
    faults: [{ kind: 'accept_then_cut' }, { kind: 'fail_task' }],
  },
  {
    name: 'accepted, then cut, failed without a webhook',
    count: 3,
    faults: [{ kind: 'accept_then_cut' }, { kind: 'fail_task' }, NO_WEBHOOK],
  },
  {
    name: 'accepted twice, each cut',
    count: 3,
    faults: [{ kind: 'accept_then_cut', times: 2 }, NO_WEBHOOK],
  },
  { name: 'not accepted, cut', count: 4, faults: [{ kind: 'cut_before' }] },
  { name: 'not accepted, page 404', count: 2, faults: [{ kind: 'html', status: 404 }] },
  { name: 'not accepted, page 499', count: 1, faults: [{ kind: 'html', status: 499 }] },
  { name: 'not accepted, 500', count: 3, faults: [{ kind: 'internal_error' }] },

  // Certainly not bought.
  { name: '429', count: 3, faults: [{ kind: 'rate_limited' }] },
  { name: '503 rate limit', count: 1, faults: [{ kind: 'rate_limit_unavailable' }] },
  { name: '503 twice', count: 4, faults: [{ kind: 'no_channel', times: 2 }] },
  { name: 'content refused', count: 4, faults: [{ kind: 'refuse_content', rate: 1 }] },
  { name: 'request refused', count: 2, faults: [{ kind: 'invalid_request', rate: 1 }] },

  // Bought, and the task fails or does not end.
  { name: 'task failed', count: 8, faults: [{ kind: 'fail_task' }] },
  { name: 'task failed each time', count: 4, faults: [{ kind: 'fail_task', times: 3 }] },
  { name: 'task failed, content', count: 4, faults: [{ kind: 'fail_task_content' }] },
  { name: 'task stuck', count: 4, faults: [{ kind: 'stuck' }] },
  { name: 'task missing', count: 3, faults: [{ kind: 'query_404', forMs: 200_000 }] },

  // Bought, and the polls meet trouble.
  { name: 'polls 500', count: 3, faults: [{ kind: 'query_500', forMs: 20_000 }] },
  { name: 'polls page 404', count: 3, faults: [{ kind: 'query_html', status: 404, forMs: 60_000 }] },
  { name: 'polls page 502', count: 3, faults: [{ kind: 'query_html', forMs: 20_000 }] },
  { name: 'polls 429', count: 1, faults: [{ kind: 'query_429' }] },
  { name: 'polls cut', count: 3, faults: [{ kind: 'query_cut' }] },
  { name: 'polls garbage', count: 3, faults: [{ kind: 'query_bad_json' }] },
  { name: 'slow polls', count: 4, faults: [{ kind: 'slow', ms: 20_000, route: 'query', times: 3 }] },
  { name: 'unknown status', count: 3, faults: [{ kind: 'unknown_status' }] },
  { name: 'webhook twice', count: 3, faults: [{ kind: 'webhook_twice' }] },

  // Bought, and the download meets trouble.
  { name: 'result expired', count: 3, faults: [{ kind: 'expired', times: 5 }], extraPurchases: 1 },
  { name: 'download cut', count: 4, faults: [{ kind: 'download_cut' }] },
  { name: 'download truncated', count: 4, faults: [{ kind: 'truncated' }] },
  { name: 'download page 403', count: 3, faults: [{ kind: 'download_html', status: 403 }] },
  { name: 'download page 404', count: 3, faults: [{ kind: 'download_html', status: 404 }] },
  { name: 'download page 200', count: 3, faults: [{ kind: 'wrong_content_type' }] },
  { name: 'slow download', count: 4, faults: [{ kind: 'download_slow', ms: 40_000 }] },

  // The operator cancels at each step.
  { name: 'canceled, waits', count: 5, faults: [], cancelAt: 'submit' },
  {
    name: 'canceled, submits',
    count: 3,
    faults: [{ kind: 'slow', ms: 40_000 }],
    cancelAt: 'submit',
  },
  {
    name: 'canceled, unknown, webhook',
    count: 2,
    faults: [{ kind: 'accept_then_cut' }, { kind: 'webhook_late', ms: 60_000 }],
    cancelAt: 'hold',
  },
  {
    name: 'canceled, unknown, no webhook',
    count: 2,
    faults: [{ kind: 'accept_then_html', status: 404 }, NO_WEBHOOK],
    cancelAt: 'hold',
  },
  { name: 'canceled, not bought', count: 2, faults: [{ kind: 'cut_before' }], cancelAt: 'hold' },
  { name: 'canceled, task stuck', count: 2, faults: [{ kind: 'stuck' }], cancelAt: 'poll' },
  {
    name: 'canceled, task completes',
    count: 2,
    faults: [
      { kind: 'query_500', forMs: 60_000 },
      { kind: 'webhook_late', ms: 60_000 },
    ],
    cancelAt: 'poll',
  },
  {
    name: 'canceled, task fails',
    count: 2,
    faults: [
      { kind: 'query_500', forMs: 60_000 },
      { kind: 'fail_task' },
      { kind: 'webhook_late', ms: 60_000 },
    ],
    cancelAt: 'poll',
  },
  {
    name: 'canceled, download waits',
    count: 3,
    faults: [{ kind: 'download_500', forMs: 100_000 }],
    cancelAt: 'store',
  },
  {
    name: 'canceled, downloads',
    count: 2,
    faults: [{ kind: 'download_slow', ms: 40_000 }],
    cancelAt: 'store',
  },
];
