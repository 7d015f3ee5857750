import type { RunEvent, RunListResponse, RunResponse, RunResultLine } from '@darkroom/api';

const base = 'http://127.0.0.1:3000/v1';
const renderId = 'rnd_5f1c0d7a3b9e4f2688c1d2e3f4a5b6c7';

const run: RunResponse = {
  object: 'run',
  id: 'catalogue-2026-11-26',
  tenant: 'shop',
  name: 'The night of 26 November',
  status: 'sealed',
  total: 2000,
  counts: { queued: 740, rendering: 60, storing: 2, completed: 1194, failed: 3, canceled: 1 },
  counts_complete: true,
  rate: 118.4,
  eta: '2026-11-26T23:07:12.000Z',
  eta_reason: null,
  spent: '31.350',
  refunded: '0.050',
  possibly_spent: '0.025',
  currency: 'USD',
  lane: 'batch',
  deadline: '2026-11-27T05:00:00.000Z',
  budget: '120.000',
  metadata: { shop: 'berlin' },
  created_at: '2026-11-26T22:50:00.000Z',
  created_by: 'key shop:…:5f1c0d7a…',
  sealed_at: '2026-11-26T22:51:10.000Z',
  canceled_at: null,
  cancel_reason: null,
  finished_at: null,
  ends: 0,
  links: {
    self: `${base}/runs/catalogue-2026-11-26`,
    results: `${base}/runs/catalogue-2026-11-26/results`,
  },
};

const finished: RunResponse = {
  ...run,
  status: 'finished',
  counts: { queued: 0, rendering: 0, storing: 0, completed: 1994, failed: 5, canceled: 1 },
  rate: null,
  eta: null,
  eta_reason: 'ended',
  spent: '49.975',
  finished_at: '2026-11-26T23:07:40.000Z',
  ends: 1,
};

const result: RunResultLine = {
  id: renderId,
  object: 'run_result',
  status: 'completed',
  finished_at: '2026-11-26T22:53:02.110Z',
  spent: '0.025',
  refunded: '0.000',
  possibly_spent: '0.000',
  error_code: null,
  image_url: `${base}/renders/${renderId}/image`,
  ends: 1,
};

/** By the id of the component. */
export const RUN_EXAMPLES: Record<string, unknown> = {
  Run: run,
  RunList: { object: 'list', data: [run], next_cursor: null } satisfies RunListResponse,
  RunResult: result,
  RunEvent: {
    type: 'run.finished',
    timestamp: '2026-11-26T23:07:40.000Z',
    data: finished,
  } satisfies RunEvent,
};
