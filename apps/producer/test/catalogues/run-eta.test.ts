import type { RunSummary } from '@darkroom/catalogue';
import type { CatalogueJob, CatalogueProgress } from '@darkroom/shared/queues';
import { DATA_VERSION } from '@darkroom/shared/render';
import { expect, test } from 'vitest';
import type { RunFacts } from '../../src/catalogues/read-runs.ts';
import { runResponse } from '../../src/catalogues/responses.ts';

const NOW = Date.parse('2026-11-20T01:00:00.000Z');
const id = { tenant: 'default', catalogue: 'shoes', run: 'night-1' };
const request: RunFacts['request'] = {
  ...id,
  file: '',
  files: null,
  accepted: [],
  approved: null,
  actor: 'a test',
  readsBuckets: true,
  createdAt: NOW,
};
const progress: CatalogueProgress = {
  items: 1_000,
  buys: 1_000,
  priceMicros: 25_000_000,
  partsWaiting: 0,
  pending: 600,
  ended: 400,
  delivered: 0,
  bought: 0,
  unchanged: 0,
  failed: 0,
  notBought: 0,
  quarantined: 0,
  spentMicros: 0,
};
const job: CatalogueJob = { version: DATA_VERSION, ...id, phase: 'render', startedAt: NOW, progress };

function readEta(facts: { job?: CatalogueJob; summary?: RunSummary }) {
  const all = { request, plan: undefined, control: undefined, job: facts.job, summary: facts.summary };
  const { eta, eta_reason: reason } = runResponse(all, { base: 'http://127.0.0.1', now: NOW });
  return { eta, reason };
}

test('the ETA of a run of a catalogue is when the remaining items have ended at the present rate', () => {
  expect(readEta({ job: { ...job, progress: { ...progress, endedPerMinute: 100 } } })).toEqual({
    eta: '2026-11-20T01:06:00.000Z',
    reason: null,
  });
});

test('the response says why a run of a catalogue has no ETA', () => {
  const summary = {
    ended_at: '2026-11-20T01:00:00.000Z',
    status: 'completed',
    reason: null,
    rows: 1,
    problems: { count: 0, listed: [] },
    counts: { items: 1, bought: 1, unchanged: 0, quarantined: 0, not_bought: 0, failed: 0 },
    cost: { spent: '0.025', refunded: '0.000', possibly_spent: '0.000' },
    guards: [],
    manifest: null,
  } as unknown as RunSummary;
  const { progress: _, ...planning } = job;
  const { startedAt: _started, ...queued } = planning;
  const reasons = [
    readEta({ job, summary }),
    readEta({}),
    readEta({ job: queued }),
    readEta({ job: { ...job, waits: 'the store is away' } }),
    readEta({ job: { ...planning, phase: 'plan' } }),
    readEta({ job: { ...job, phase: 'deliver' } }),
    readEta({ job }),
  ];
  expect(reasons.map(({ eta }) => eta)).toEqual(reasons.map(() => null));
  expect(reasons.map(({ reason }) => reason)).toEqual([
    'ended',
    'unavailable',
    'waiting',
    'waiting',
    'planning',
    'delivering',
    'too_few_samples',
  ]);
});
