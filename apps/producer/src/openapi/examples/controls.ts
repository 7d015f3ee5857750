import type { LimitResponse, WorkerResponse } from '@darkroom/api';

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

export const CONTROL_EXAMPLES: Record<string, unknown> = {
  Limit: limit,
  LimitList: { object: 'list', data: [limit, share] },
  Worker: worker,
  WorkerList: { object: 'list', data: [worker] },
};
