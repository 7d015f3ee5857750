import { describe, expect, test } from 'vitest';
import type { ForecastSamples } from '../../src/backends/index.ts';
import { type Eta, estimateBacklogEnd, estimateEta, type RenderPlace } from '../../src/forecast/eta.ts';
import { createModel } from '../../src/forecast/model.ts';

const NOW = 1_700_000_000_000;
const QUOTA = 5;
const common = { lane: 'batch', resolution: '1K', attempt: 1 } as const;
const queuedAt = (position: number): RenderPlace => ({ ...common, at: 'queue', position });

/** 100 renders that took 1 to 100 seconds and ended at the same time: each duration is as likely as it seems. */
const DURATIONS = Array.from({ length: 100 }, (_, n) => ({
  resolution: '1K',
  acceptedAt: NOW - (n + 1) * 1_000,
  endedAt: NOW,
}));

/** Submissions that all waited for their turn. */
const submitted = (perSecond: number, seconds = 20): ForecastSamples['submissions'] =>
  Array.from({ length: perSecond * seconds + 1 }, (_, n) => {
    const startedAt = NOW - (n * 1_000) / perSecond;
    return { lane: 'batch', addedAt: NOW - 3_600_000, startedAt, endedAt: startedAt };
  });

const factsOf = (samples: Partial<ForecastSamples> = {}, quota = QUOTA) => ({
  model: createModel(
    {
      completed: DURATIONS,
      inFlight: [],
      submissions: [],
      repurchasedAt: [],
      storeMs: [],
      waiting: { interactive: 0, batch: 0 },
      ...samples,
    },
    quota,
    NOW,
  ),
  now: NOW,
  maxPurchases: 3,
});

/** Seconds from now. */
function secondsOf(eta: Eta | undefined): [number, number] {
  if (!eta || 'reason' in eta) throw new Error(`no ETA: ${eta?.reason}`);
  return [(eta.p50 - NOW) / 1_000, (eta.p90 - NOW) / 1_000];
}

describe('estimateEta()', () => {
  test('the ETA of a queued render is its wait at the quota and the quantiles of recent durations', () => {
    const [p50, p90] = secondsOf(estimateEta(queuedAt(100), factsOf()));
    expect(p50).toBeGreaterThan(20 + 42);
    expect(p50).toBeLessThan(20 + 58);
    expect(p90).toBeGreaterThan(20 + 85);
    expect(p90).toBeLessThan(20 + 96);
  });

  test('two forecasts of the same facts are equal', () => {
    expect(estimateEta(queuedAt(100), factsOf())).toEqual(estimateEta(queuedAt(100), factsOf()));
  });

  test('submissions that are slower than the quota count, faster ones do not, and neither do old ones', () => {
    const waits = (samples: Partial<ForecastSamples>) =>
      secondsOf(estimateEta(queuedAt(600), factsOf(samples)))[0];
    const slow = waits({ submissions: submitted(2) });
    expect(slow - waits({})).toBeGreaterThan(150);
    expect(Math.abs(waits({ submissions: submitted(50) }) - waits({}))).toBeLessThan(20);
    const old = submitted(2).map(({ startedAt, ...one }) => ({
      ...one,
      startedAt: startedAt - 3_600_000,
      endedAt: startedAt - 3_600_000,
    }));
    expect(Math.abs(waits({ submissions: old }) - waits({}))).toBeLessThan(20);
  });

  test('submissions say nothing about the rate when none waited for its turn', () => {
    const idle = submitted(1).map((one) => ({ ...one, addedAt: one.startedAt - 10 }));
    const [p50] = secondsOf(estimateEta(queuedAt(600), factsOf({ submissions: idle })));
    expect(Math.abs(p50 - secondsOf(estimateEta(queuedAt(600), factsOf()))[0])).toBeLessThan(20);
  });

  test('interactive renders that are created meanwhile delay batch renders and no interactive ones', () => {
    // Three of five. A submission always waited, because each of them was created before the one before it started.
    const submissions = submitted(5).map((one, n) =>
      n % 5 < 3 ? { ...one, lane: 'interactive' as const, addedAt: one.startedAt - 400 } : one,
    );
    const facts = factsOf({ submissions });
    const [batch] = secondsOf(estimateEta(queuedAt(200), facts));
    const [interactive] = secondsOf(estimateEta({ ...queuedAt(200), lane: 'interactive' }, facts));
    expect(batch - interactive).toBeGreaterThan(40);
  });

  test('the ETA of a running render comes only from renders that took longer than it has taken so far', () => {
    const after = (ageS: number) =>
      estimateEta({ ...common, at: 'provider', acceptedAt: NOW - ageS * 1_000 }, factsOf());
    const [p50, p90] = secondsOf(after(80));
    expect(p50).toBeGreaterThan(5);
    expect(p90).toBeLessThanOrEqual(20);
    expect(after(101)).toEqual({ reason: 'overdue' });
  });

  test('a render whose image is being stored has the ETA of recent stores', () => {
    const storeMs = Array.from({ length: 30 }, (_, n) => 1_000 + n * 10);
    const place: RenderPlace = { ...common, at: 'store', acceptedAt: NOW - 90_000, since: NOW - 500 };
    const [p50, p90] = secondsOf(estimateEta(place, factsOf({ storeMs })));
    expect(p50).toBeGreaterThan(0.5);
    expect(p90).toBeLessThan(0.8);
  });

  test('a share of failed tasks moves the p90 behind the renders that wait now, and hardly the p50', () => {
    const waiting = { interactive: 0, batch: 5_000 };
    const [p50, p90] = secondsOf(estimateEta(queuedAt(10), factsOf({ waiting })));
    // A seventh of the tasks that ended.
    const repurchasedAt = Array.from({ length: 17 }, () => NOW);
    const [failing50, failing90] = secondsOf(estimateEta(queuedAt(10), factsOf({ waiting, repurchasedAt })));
    expect(p90).toBeLessThan(110);
    expect(failing90).toBeGreaterThan(800);
    expect(failing50 - p50).toBeLessThan(20);
  });

  test('the last purchase is not bought again, so its failure does not move the ETA', () => {
    const repurchasedAt = Array.from({ length: 100 }, () => NOW);
    const facts = factsOf({ waiting: { interactive: 0, batch: 5_000 }, repurchasedAt });
    const [, p90] = secondsOf(estimateEta({ ...queuedAt(10), attempt: 3 }, facts));
    expect(p90).toBeLessThan(110);
  });

  test('durations of the same resolution count when there are enough of them', () => {
    const large = DURATIONS.slice(0, 30).map((one) => ({
      ...one,
      resolution: '4K',
      acceptedAt: NOW - 300_000,
    }));
    const facts = factsOf({ completed: [...DURATIONS, ...large] });
    expect(secondsOf(estimateEta({ ...queuedAt(1), resolution: '4K' }, facts))[0]).toBeGreaterThan(299);
    expect(secondsOf(estimateEta({ ...queuedAt(1), resolution: '1K' }, facts))[1]).toBeLessThan(101);
    expect(secondsOf(estimateEta({ ...queuedAt(1), resolution: '2K' }, facts))[1]).toBeGreaterThan(101);
  });

  test('shortly after a start from rest, the long durations among those that have ended count more', () => {
    // Since 10 s, ten renders per second started that take 2 s, and as many that take 9 s. Most of the first kind have
    // ended, and few of the second kind.
    const started = (ms: number) =>
      Array.from({ length: 100 }, (_, n) => NOW - 10_000 + n * 100)
        .filter((acceptedAt) => acceptedAt + ms <= NOW)
        .map((acceptedAt) => ({ resolution: '1K', acceptedAt, endedAt: acceptedAt + ms }));
    const [, p90] = secondsOf(
      estimateEta(queuedAt(1), factsOf({ completed: [...started(2_000), ...started(9_000)] }, 100)),
    );
    expect(p90).toBeGreaterThan(8.9);
  });

  test('a render has no ETA while fewer than 20 renders have completed', () => {
    expect(estimateEta(queuedAt(1), factsOf({ completed: DURATIONS.slice(0, 19) }))).toEqual({
      reason: 'too_few_samples',
    });
    expect(estimateEta(queuedAt(1), factsOf({ completed: DURATIONS.slice(0, 20) }))).toHaveProperty('p90');
  });
});

describe('estimateBacklogEnd()', () => {
  const waiting = { interactive: 100, batch: 1_000 };

  test('a lane ends when its last render is complete, after the lanes before it', () => {
    const facts = factsOf({ waiting });
    const [interactive] = secondsOf(estimateBacklogEnd('interactive', facts));
    const [batch] = secondsOf(estimateBacklogEnd('batch', facts));
    expect(interactive).toBeGreaterThan(20 + 85);
    expect(batch).toBeGreaterThan(220 + 80);
    expect(batch).toBeLessThan(220 + 110);
  });

  test('failed tasks make a backlog longer', () => {
    const repurchasedAt = Array.from({ length: 100 }, () => NOW);
    const [batch] = secondsOf(estimateBacklogEnd('batch', factsOf({ waiting, repurchasedAt })));
    expect(batch).toBeGreaterThan(400);
  });

  test('an empty lane has no end', () => {
    expect(estimateBacklogEnd('batch', factsOf())).toBeUndefined();
  });
});
