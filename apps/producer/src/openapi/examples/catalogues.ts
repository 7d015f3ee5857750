import type {
  CatalogueAlarmEvent,
  CatalogueFailuresResponse,
  CatalogueFileResponse,
  CatalogueFinishedEvent,
  CatalogueListResponse,
  CatalogueResponse,
  CatalogueRunListResponse,
  CatalogueRunResponse,
  CatalogueScheduleResponse,
} from '@darkroom/api';

const BASE = 'http://127.0.0.1:3000';
const NAME = 'shoes';
const RUN = '2026-11-20';

const run: CatalogueRunResponse = {
  object: 'catalogue_run',
  catalogue: NAME,
  tenant: 'default',
  run: RUN,
  status: 'partial',
  reason: '2 failed',
  actor: 'key shop:…:1d0f7a2c…',
  retry_of: null,
  requested_at: '2026-11-20T01:00:00.120Z',
  started_at: '2026-11-20T01:00:00.480Z',
  ended_at: '2026-11-20T01:42:10.007Z',
  accepted: ['many_changes'],
  stops_buying: null,
  rows: 20_000,
  items: 20_000,
  buys: 620,
  price: '15.500',
  ended: 20_000,
  pending: 0,
  eta: null,
  eta_reason: 'ended',
  counts: { items: 20_000, bought: 618, unchanged: 19_380, quarantined: 0, not_bought: 0, failed: 2 },
  cost: { spent: '15.450', refunded: '0.050', possibly_spent: '0.000', currency: 'USD' },
  guards: [
    {
      name: 'many_changes',
      message: '2100 items are new or changed, and the last run had 20000: 10.5 %. The limit is 10 %.',
      accepted: true,
    },
  ],
  problems: { count: 0, listed: [] },
  manifest: {
    key: `catalogues/default/${NAME}/runs/${RUN}/manifest.jsonl`,
    sha256: '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08',
    bytes: 18_204_113,
    items: 20_000,
  },
  links: { self: `${BASE}/v1/catalogues/${NAME}/runs/${RUN}` },
};

const schedule: CatalogueScheduleResponse = {
  object: 'catalogue_schedule',
  catalogue: NAME,
  tenant: 'default',
  cron: '0 2 * * *',
  time_zone: 'Europe/Berlin',
  actor: 'key shop:…:1d0f7a2c…',
  scheduled_at: '2026-11-02T09:12:44.031Z',
  next_night: { date: '2026-11-21', due_at: '2026-11-21T01:00:00.000Z' },
  last_night: { date: RUN, outcome: 'started', run: RUN, status: 'partial', reason: '2 failed' },
  alarms: [
    {
      code: 'ended_with_failures',
      date: RUN,
      run: RUN,
      message: 'Its run is partial: 2 failed.',
      raised_at: '2026-11-20T01:42:22.119Z',
    },
  ],
};

const catalogue: CatalogueResponse = {
  object: 'catalogue',
  name: NAME,
  tenant: 'default',
  latest: { run: RUN, items: 20_000, finished_at: '2026-11-20T01:42:10.007Z' },
  open_runs: [],
  schedule,
};

/** By component. */
export const CATALOGUE_EXAMPLES: { [component: string]: unknown } = {
  CatalogueRun: run,
  CatalogueRunList: { object: 'list', data: [run], next_cursor: null } satisfies CatalogueRunListResponse,
  CatalogueFailures: {
    object: 'catalogue_failures',
    catalogue: NAME,
    run: RUN,
    data: [
      {
        status: 'failed',
        code: 'content_policy_violation',
        items: 2,
        price: '0.050',
        fails_again: true,
        may_be_paid: false,
      },
    ],
  } satisfies CatalogueFailuresResponse,
  CatalogueFinishedEvent: {
    type: 'catalogue.finished',
    timestamp: '2026-11-20T01:42:10.007Z',
    data: {
      tenant: 'default',
      catalogue: NAME,
      run: RUN,
      status: 'partial',
      reason: '2 failed',
      requested_at: run.requested_at,
      ended_at: '2026-11-20T01:42:10.007Z',
      rows: 20_000,
      counts: run.counts,
      removed: 0,
      cost: { spent: '15.450', refunded: '0.050', possibly_spent: '0.000', currency: 'USD' },
      problems: 0,
      manifest: run.manifest,
      links: {
        self: `${BASE}/v1/catalogues/${NAME}/runs/${RUN}?tenant=default`,
        report: `${BASE}/v1/catalogues/default%3A${NAME}/runs/${RUN}/report.html`,
      },
    },
  } satisfies CatalogueFinishedEvent,
  CatalogueAlarmEvent: {
    type: 'catalogue.alarm',
    timestamp: '2026-11-20T01:42:22.119Z',
    data: {
      tenant: 'default',
      catalogue: NAME,
      date: RUN,
      run: RUN,
      code: 'ended_with_failures',
      message: 'Its run is partial: 2 failed.',
      links: { run: `${BASE}/v1/catalogues/${NAME}/runs/${RUN}?tenant=default` },
    },
  } satisfies CatalogueAlarmEvent,
  CatalogueSchedule: schedule,
  CatalogueSummary: catalogue,
  CatalogueList: { object: 'list', data: [catalogue] } satisfies CatalogueListResponse,
  CatalogueFile: {
    object: 'catalogue_file',
    sha256: 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
    bytes: 0,
  } satisfies CatalogueFileResponse,
};
