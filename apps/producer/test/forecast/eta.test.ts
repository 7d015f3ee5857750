import { expect, test } from 'vitest';
import { type EtaFacts, estimateEta } from '../../src/forecast/eta.ts';

const NOW = 1_700_000_000_000;
const facts: EtaFacts = {
  now: NOW,
  position: 11,
  submissionsPaused: false,
  submitsPerSecond: 5,
  durations: [10_000, 20_000, 60_000],
};
const bought = (acceptedAt: number, outcome: 'accepted' | 'refunded' = 'accepted') => ({
  provider: 'toapis' as const,
  attempt: 1,
  taskId: 'task_1',
  acceptedAt,
  costMicros: 25_000,
  outcome,
});
const queued = { status: 'queued' as const, purchases: [] };
const rendering = (ageMs: number) => ({ status: 'rendering' as const, purchases: [bought(NOW - ageMs)] });

test('the ETA of a queued render is its wait at the quota and the median duration of recent renders', () => {
  expect(estimateEta(queued, facts)).toBe(NOW + 2_200 + 20_000);
  expect(estimateEta(queued, { ...facts, position: 50_000 })).toBe(NOW + 10_000_000 + 20_000);
});

test('a queued render has no ETA while submissions are paused, and without a position', () => {
  expect(estimateEta(queued, { ...facts, submissionsPaused: true })).toBeUndefined();
  expect(estimateEta(queued, { ...facts, position: undefined })).toBeUndefined();
});

test('the ETA of a running render comes only from renders that took longer than it has taken so far', () => {
  expect(estimateEta(rendering(5_000), facts)).toBe(NOW + 15_000);
  expect(estimateEta(rendering(15_000), facts)).toBe(NOW + 45_000);
  expect(estimateEta(rendering(60_000), facts)).toBeUndefined();
});

test('a render that is bought again counts from its present purchase, and an unknown purchase has no ETA', () => {
  const again = {
    status: 'storing' as const,
    purchases: [bought(NOW - 90_000, 'refunded'), bought(NOW - 1_000)],
  };
  expect(estimateEta(again, facts)).toBe(NOW + 19_000);
  expect(estimateEta({ status: 'rendering', purchases: [bought(NOW, 'refunded')] }, facts)).toBeUndefined();
});

test.each(['completed', 'failed', 'canceled'] as const)('a %s render has no ETA', (status) => {
  expect(estimateEta({ status, purchases: [bought(NOW)] }, facts)).toBeUndefined();
});
