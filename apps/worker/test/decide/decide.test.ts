import { describe, expect, test } from 'vitest';
import {
  backoffMs,
  decide,
  estimateLatency,
  LatencySketch,
  mayBuyAgain,
  nextAccountCheck,
  nextPollDelay,
  type Situation,
} from '../../src/decide/index.ts';

const situation = (over: Partial<Situation> = {}): Situation => ({
  now: 1_000_000,
  random: 0.5,
  tries: 1,
  attempt: 1,
  limits: {
    submitAttempts: 3,
    maxPurchases: 3,
    unknownGraceMs: 900_000,
    resubmitUnknown: false,
  },
  ...over,
});

describe('decide', () => {
  test('a rate limit makes the whole queue wait for as long as the provider says', () => {
    expect(decide({ kind: 'rate_limited', retryAfterMs: 7000 }, situation())).toEqual({
      kind: 'wait-all',
      afterMs: 7000,
    });
  });

  test('an account that refuses a render is stopped, until it refuses the same render three times while healthy', () => {
    const refused = { kind: 'account_refused', reason: 'unauthorized', hasBoughtSince: false } as const;
    for (const refusals of [0, 1, 2]) {
      expect(decide({ ...refused, refusals }, situation())).toMatchObject({
        kind: 'wait',
        stopAccount: 'unauthorized',
      });
    }
    expect(decide({ ...refused, refusals: 3 }, situation())).toEqual({
      kind: 'dead',
      code: 'account_refused',
      redrive: 'same-step',
    });
  });

  test('an account that has bought since it refused a render is not stopped by the same render again', () => {
    const decision = decide(
      { kind: 'account_refused', reason: 'unauthorized', refusals: 2, hasBoughtSince: true },
      situation(),
    );
    expect(decision).toMatchObject({ kind: 'wait' });
    expect(decision).not.toHaveProperty('stopAccount');
  });

  test('a purchase that was certainly not made is retried until its tries are used up', () => {
    expect(decide({ kind: 'not_bought' }, situation({ tries: 2 }))).toMatchObject({ kind: 'retry' });
    expect(decide({ kind: 'not_bought' }, situation({ tries: 3 }))).toMatchObject({
      kind: 'dead',
      code: 'upstream_unreachable',
    });
  });

  test('an unknown outcome is held for its grace and never retried, whatever else holds', () => {
    for (const tries of [1, 2, 99]) {
      expect(decide({ kind: 'outcome_unknown' }, situation({ tries }))).toEqual({
        kind: 'hold',
        until: 1_900_000,
        afterMs: 60_000,
      });
    }
  });

  test('a hold reads the ledger more often near its end, and ends as a dead render', () => {
    const decideAt = (deadlineAt: number, isOver = false) =>
      decide({ kind: 'outcome_unknown' }, situation({ deadlineAt, isOver }));
    expect(decideAt(1_040_000)).toEqual({ kind: 'hold', until: 1_040_000, afterMs: 10_000 });
    expect(decideAt(1_002_000)).toEqual({ kind: 'hold', until: 1_002_000, afterMs: 2_000 });
    expect(decideAt(1_000_000)).toEqual({ kind: 'hold', until: 1_000_000, afterMs: 30_000 });
    expect(decideAt(1_000_000, true)).toEqual({
      kind: 'dead',
      code: 'submission_unknown',
      redrive: 'same-step',
    });
  });

  test('SUBMIT_UNKNOWN=resubmit buys again after the hold, within the limit of purchases', () => {
    const decideFor = (attempt: number, deadlineAt?: number) => {
      const { limits } = situation();
      const resubmit = situation({
        attempt,
        deadlineAt,
        isOver: deadlineAt !== undefined,
        limits: { ...limits, resubmitUnknown: true },
      });
      return decide({ kind: 'outcome_unknown' }, resubmit);
    };
    expect(decideFor(1)).toMatchObject({ kind: 'hold' });
    expect(decideFor(1, 1_000_000)).toEqual({ kind: 'buy-again' });
    expect(decideFor(3, 1_000_000)).toEqual({
      kind: 'dead',
      code: 'submission_unknown',
      redrive: 'same-step',
    });
  });

  test('a pending task waits for its planned poll until the deadline', () => {
    const pending = { kind: 'task_pending', nextPollMs: 700 } as const;
    expect(decide(pending, situation({ isOver: false }))).toEqual({ kind: 'wait', afterMs: 700 });
    expect(decide(pending, situation({ isOver: true }))).toMatchObject({ code: 'task_timeout' });
  });

  test('a used-up poll quota never ends a render, even past its deadline', () => {
    const decision = decide(
      { kind: 'poll_quota_used', retryAfterMs: 300 },
      situation({ isOver: true, random: 0.5 }),
    );
    expect(decision).toEqual({ kind: 'wait', afterMs: 800 });
  });

  test('a stage that does not know the purchase leaves the decision about another one to the render', () => {
    const { attempt: _, ...unaware } = situation();
    expect(decide({ kind: 'result_expired' }, unaware)).toEqual({ kind: 'buy-again' });
  });

  test('a redrive goes on at the failed step, or at a new purchase if the old one is spent', () => {
    const last = situation({ attempt: 3 });
    expect(decide({ kind: 'worker_lost' }, last)).toMatchObject({ redrive: 'same-step' });
    expect(decide({ kind: 'host_refused' }, last)).toMatchObject({ redrive: 'same-step' });
    expect(decide({ kind: 'task_failed', content: true }, last)).toMatchObject({ redrive: 'new-purchase' });
    expect(decide({ kind: 'result_expired' }, last)).toMatchObject({ redrive: 'new-purchase' });
  });

  test('failed polls cost nothing until the deadline', () => {
    expect(decide({ kind: 'poll_failed' }, situation({ isOver: false }))).toMatchObject({
      kind: 'wait',
    });
    expect(decide({ kind: 'poll_failed' }, situation({ isOver: true }))).toMatchObject({
      kind: 'dead',
      code: 'task_timeout',
    });
  });

  test('a missing task is lost when its grace is over', () => {
    expect(decide({ kind: 'task_missing' }, situation({ isOver: false }))).toMatchObject({ kind: 'wait' });
    expect(decide({ kind: 'task_missing' }, situation({ isOver: true }))).toMatchObject({
      kind: 'dead',
      code: 'task_lost',
    });
  });

  test('a failed task is bought again within the limit, and a refused task never', () => {
    expect(decide({ kind: 'task_failed', content: false }, situation({ attempt: 2 }))).toEqual({
      kind: 'buy-again',
    });
    expect(decide({ kind: 'task_failed', content: false }, situation({ attempt: 3 }))).toMatchObject({
      kind: 'dead',
      code: 'generation_failed',
    });
    expect(decide({ kind: 'task_failed', content: true }, situation())).toMatchObject({
      kind: 'dead',
      code: 'content_policy_violation',
    });
  });

  test('a download is not planned for a time at which its result has expired', () => {
    expect(decide({ kind: 'download_failed' }, situation({ deadlineAt: 1_000_100 }))).toEqual({
      kind: 'buy-again',
    });
    expect(decide({ kind: 'download_failed' }, situation({ deadlineAt: 2_000_000 }))).toMatchObject({
      kind: 'retry',
    });
  });

  test('an object store that is away never ends a render', () => {
    for (const tries of [1, 10, 10_000]) {
      const decision = decide({ kind: 'store_away' }, situation({ tries, random: 0.999 }));
      expect(decision).toMatchObject({ kind: 'wait' });
      expect(decision.kind === 'wait' && decision.afterMs).toBeLessThanOrEqual(15_000);
    }
  });
});

describe('backoffMs', () => {
  test('a backoff is anything between almost nothing and a ceiling that doubles up to its cap', () => {
    const at = (tries: number, random: number) => backoffMs({ tries, baseMs: 1000, capMs: 60_000, random });
    expect(at(1, 0.999)).toBeLessThanOrEqual(1000);
    expect(at(4, 0.999)).toBeGreaterThan(7000);
    expect(at(500, 0.999)).toBeLessThanOrEqual(60_000);
    expect(at(500, 0)).toBe(50);
  });

  test("a server's hint is a lower bound to which jitter only adds", () => {
    const at = (random: number) => backoffMs({ tries: 1, baseMs: 1000, capMs: 60_000, hintMs: 5000, random });
    expect(at(0)).toBe(5000);
    expect(at(0.999)).toBeGreaterThan(5000);
    expect(at(0.999)).toBeLessThanOrEqual(6000);
  });
});

describe('nextPollDelay', () => {
  const latency = { p10: 6000, p50: 15_000, p90: 40_000 };
  const plan = (over: object) =>
    nextPollDelay({
      elapsedMs: 0,
      isFirst: false,
      latency,
      inFlight: 1,
      pollsPerSecond: 50,
      random: 0.5,
      ...over,
    });

  test('no task is polled before the fastest tenth can be done', () => {
    expect(plan({ elapsedMs: 0 })).toBe(6000);
    expect(plan({ elapsedMs: 4000 })).toBe(2000);
  });

  test('the first poll of a task that was accepted long ago comes at once', () => {
    expect(plan({ elapsedMs: 86_400_000, isFirst: true })).toBe(200);
    expect(plan({ elapsedMs: 2_000, isFirst: true })).toBe(4000);
  });

  test('a task that is a day late is still polled every few minutes', () => {
    expect(plan({ elapsedMs: 86_400_000 })).toBe(135_000);
  });

  test('the delays between polls grow with the age of a late task', () => {
    expect(plan({ elapsedMs: 200_000 })).toBeGreaterThan(plan({ elapsedMs: 60_000 }));
  });

  test('all tasks in flight together stay inside the poll quota', () => {
    for (const inFlight of [100, 1000, 20_000]) {
      const gapMs = plan({ elapsedMs: 10_000, inFlight, random: 0 });
      expect(inFlight / (gapMs / 1000)).toBeLessThanOrEqual(50);
    }
  });

  test('a typical task is found finished after few polls, soon after it was', () => {
    for (const doneAt of [7000, 12_000, 15_000, 30_000, 60_000]) {
      let elapsedMs = 0;
      let polls = 0;
      while (elapsedMs < doneAt) {
        elapsedMs += plan({ elapsedMs });
        polls += 1;
      }
      expect(polls).toBeLessThanOrEqual(14);
      expect(elapsedMs - doneAt).toBeLessThanOrEqual(Math.max(5000, doneAt * 0.2));
    }
  });
});

describe('learning from polls', () => {
  /** Polls renders one after the other. @returns how late the last twenty were found, in ms on average. */
  const lateness = (renders: number, tookMs: number, lagMs: number, providerSays: boolean) => {
    const sketch = new LatencySketch(15_000);
    const late: number[] = [];
    for (let render = 0; render < renders; render += 1) {
      const next = (elapsedMs: number) =>
        elapsedMs +
        lagMs +
        nextPollDelay({
          elapsedMs,
          isFirst: false,
          latency: sketch.shape('1K'),
          inFlight: 1,
          pollsPerSecond: 50,
          random: 0.5,
        });
      let pendingMs = 0;
      let seenMs = next(0);
      while (seenMs < tookMs) [pendingMs, seenMs] = [seenMs, next(seenMs)];
      sketch.observe(
        '1K',
        estimateLatency({
          pendingMs,
          seenMs,
          tookMs: providerSays ? Math.round(tookMs / 1000) * 1000 : undefined,
        }),
      );
      late.push(seenMs - tookMs);
    }
    return late.slice(-20).reduce((sum, ms) => sum + ms / 20, 0);
  };

  test('our own delay is not learnt as a slow provider: after five thousand renders polls are as prompt as before', () => {
    expect(lateness(5000, 1000, 500, true)).toBeLessThanOrEqual(1500);
    expect(lateness(5000, 1000, 500, false)).toBeLessThanOrEqual(1500);
  });

  test('an expectation that was too high is unlearnt within a hundred renders', () => {
    for (const providerSays of [true, false])
      expect(lateness(600, 1000, 0, providerSays)).toBeLessThanOrEqual(1000);
    expect(lateness(100, 1000, 0, true)).toBeLessThanOrEqual(1500);
  });

  test('an estimate never leaves the bounds that polls observed', () => {
    expect(estimateLatency({ pendingMs: 4000, seenMs: 6000 })).toBe(5000);
    expect(estimateLatency({ pendingMs: 4000, seenMs: 6000, tookMs: 1000 })).toBe(4000);
    expect(estimateLatency({ pendingMs: 0, seenMs: 300, tookMs: 1000 })).toBe(300);
  });
});

describe('LatencySketch', () => {
  test('the sketch returns the configured expectation until it has observed enough tasks, then the latest latencies', () => {
    const sketch = new LatencySketch(10_000);
    for (let seen = 0; seen < 19; seen += 1) sketch.observe('1K', 1000);
    expect(sketch.shape('1K').p50).toBe(10_000);
    sketch.observe('1K', 1000);
    expect(sketch.shape('1K').p50).toBe(1000);
    expect(sketch.shape('4K').p50).toBe(10_000);
    for (let seen = 0; seen < 256; seen += 1) sketch.observe('1K', 3000);
    expect(sketch.shape('1K')).toEqual({ p10: 3000, p50: 3000, p90: 3000 });
  });
});

describe('the check of a stopped account', () => {
  const stop = { reason: 'insufficient_quota', balance: 0.02 } as const;
  const check = (account: Parameters<typeof mayBuyAgain>[0]['account'], more = {}) =>
    mayBuyAgain({ account, stop, cheapestMicros: 25_000, checks: 1, ...more });

  test('after a lack of money, submissions go on only with a balance that has grown or covers a waiting render', () => {
    expect(check({ kind: 'usable', remaining: 0.02 })).toBe(false);
    expect(check({ kind: 'usable', remaining: 0.019 })).toBe(false);
    expect(check({ kind: 'usable', remaining: 0.025 })).toBe(true);
    expect(check({ kind: 'usable', remaining: 0.021 })).toBe(true);
    expect(check({ kind: 'usable' })).toBe(true);
    expect(check({ kind: 'empty' })).toBe(false);
  });

  test('a balance that cannot be read stops submissions for about five minutes at most', () => {
    expect(check({ kind: 'unreadable' }, { checks: 5 })).toBe(false);
    expect(check({ kind: 'unreadable' }, { checks: 6 })).toBe(true);
    const waits = [1, 2, 3, 4, 5, 6].map(nextAccountCheck);
    expect(waits).toEqual([5_000, 10_000, 20_000, 40_000, 80_000, 120_000]);
  });

  test('after a rejected key, submissions go on when the key can read a balance above zero', () => {
    const rejected = { stop: { reason: 'unauthorized' } };
    expect(check({ kind: 'usable', remaining: 0.01 }, rejected)).toBe(true);
    expect(check({ kind: 'unauthorized' }, rejected)).toBe(false);
  });
});

describe('decide about budgets', () => {
  const now = Date.UTC(2026, 10, 26, 23, 59);
  const waitMs = (renewsAt: number | undefined, random: number) => {
    const decision = decide({ kind: 'over_budget', renewsAt }, situation({ now, random }));
    return decision.kind === 'wait' ? decision.afterMs : decision;
  };

  test('a render over budget waits until the renewal, and a little longer so that not all wake at once', () => {
    expect([0, 0.5, 1].map((random) => waitMs(now + 60_000, random))).toEqual([60_000, 65_000, 70_000]);
    // The clock has passed the renewal since the money was asked for.
    expect(waitMs(now - 1, 0)).toBe(1);
  });

  test('a render over a budget that never renews is tried again after at most an hour', () => {
    expect([0, 1].map((random) => waitMs(undefined, random))).toEqual([1_800_000, 3_600_000]);
  });

  test('while the sums of the budgets are filled, all submissions wait', () => {
    expect(decide({ kind: 'budgets_not_ready' }, situation())).toMatchObject({ kind: 'wait-all' });
  });
});
