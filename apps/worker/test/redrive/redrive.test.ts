import { readMark } from '@darkroom/shared/redrives';
import { requires, until } from '@darkroom/testkit';
import { beforeAll, expect, test, vi } from 'vitest';
import { type FakeProvider, startFakeProvider } from '../support/fake-provider.ts';
import { type Harness, openHarness } from '../support/harness.ts';
import { beginRedrive, haveFailed, putFailedRenders } from '../support/redrives.ts';

vi.setConfig({ testTimeout: 60_000 });

requires('redis').describe('a redrive', () => {
  let harness: Harness;
  let provider: FakeProvider;
  let failed = 0;

  const put = async (...renders: Parameters<typeof putFailedRenders>[1]) => {
    const items = await putFailedRenders(harness, renders);
    failed += items.length;
    await haveFailed(harness, failed);
    return items;
  };
  const countPurchases = (id: string) => provider.purchases.filter(({ renderId }) => renderId === id).length;
  /** Renders that left the failed ones. */
  const left = (count: number) => {
    failed -= count;
  };

  beforeAll(async () => {
    harness = await openHarness({ settings: { UNKNOWN_GRACE_MS: 300 } });
    provider = await startFakeProvider();
    await harness.startWorker({ provider });
  });

  test('a redrive runs each render of its plan once, and counts how the renders end', async () => {
    const items = await put({}, {}, {}, { request: { prompt: 'refused' } });
    const redrive = await beginRedrive(harness, items);
    left(3);
    expect(await redrive.waitForEnd()).toMatchObject({
      status: 'partial',
      started: 4,
      done: 3,
      failed: 1,
      skipped: 0,
      buys: 4,
      spendMicros: 100_000,
      tallies: [
        { reason: [4, 1] },
        { autumn: [4, 1] },
        { default: [4, 1] },
        { model: [4, 1] },
        { submit: [4, 1] },
      ],
    });
    expect(items.map(({ id }) => countPurchases(id))).toEqual([1, 1, 1, 0]);
    const { marks, failures } = await redrive.redrives.readMarks(redrive.key, 0);
    expect([...marks]).toEqual(['d', 'd', 'd', 'f']);
    expect(failures[3]).toMatchObject({ code: 'content_policy_violation' });
    // The second failure has a dead letter with the history of the first.
    const letter = (await harness.queues.deadLetter.getJob(items[3]?.id ?? ''))?.data;
    expect(letter).toMatchObject({ priorEnds: 1, failure: { code: 'content_policy_violation' } });
  });

  test('a render that failed twice has the history of its first failure in its receipt and dead letter', async () => {
    const [item] = await put({ request: { prompt: 'refused' } });
    const id = item?.id ?? '';
    for (const end of [2, 3]) {
      await harness.redrive(id);
      await until(async () => {
        const job = await harness.queues.render.getJob(id);
        return job?.attemptsMade === end && job.finishedOn !== undefined;
      });
    }
    const earlier = { code: 'content_policy_violation', step: 'submit', redrivenAt: expect.any(Number) };
    expect((await harness.queues.deadLetter.getJob(id))?.data.earlierFailures).toMatchObject([earlier]);
    expect((await harness.ledger.readReceipt(id))?.earlierFailures).toMatchObject([earlier]);
  });

  test('a render that has changed since the plan is skipped', async () => {
    const items = await put({}, { request: { prompt: 'refused' } }, {});
    await harness.redrive(items[0]?.id ?? '');
    await harness.redrive(items[1]?.id ?? '');
    left(1);
    await until(async () => (await harness.queues.render.getJob(items[1]?.id ?? ''))?.attemptsMade === 2);
    await harness.waitForReceipt(items[0]?.id ?? '');
    await haveFailed(harness, failed);
    const redrive = await beginRedrive(harness, [
      ...items,
      { ...(items[0] as (typeof items)[0]), id: 'rnd_gone' },
    ]);
    left(1);
    expect(await redrive.waitForEnd()).toMatchObject({
      status: 'completed',
      started: 1,
      done: 1,
      skipped: 3,
    });
    const { marks } = await redrive.redrives.readMarks(redrive.key, 0);
    expect([...marks]).toEqual(['c', 'c', 'd', 'n']);
    expect(items.map(({ id }) => countPurchases(id))).toEqual([1, 0, 1]);
  });

  test.for([
    [{ maxJobs: 2 }, 'max_jobs'],
    [{ maxSpendMicros: 74_999 }, 'max_spend'],
  ] as const)('a redrive with %o stops before the limit is exceeded', async ([limit, reason]) => {
    const items = await put({}, {}, {}, {});
    const redrive = await beginRedrive(harness, items, limit);
    left(2);
    const end = await redrive.waitForEnd();
    expect(end).toMatchObject({ status: 'stopped', started: 2, done: 2, spendMicros: 50_000 });
    expect(end.statusReason).toContain(reason);
  });

  test('the renders of a redrive are bought at its rate', async () => {
    const items = await put(...Array.from({ length: 8 }, () => ({})));
    const redrive = await beginRedrive(harness, items, { rate: 8 });
    left(8);
    await redrive.waitForEnd();
    const receipts = await Promise.all(items.map(({ id }) => harness.ledger.readReceipt(id)));
    const times = receipts.map((receipt) => receipt?.purchases[0]?.acceptedAt ?? 0);
    // Seven intervals, without what is made up for at once.
    expect(Math.max(...times) - Math.min(...times)).toBeGreaterThan(600);
  });

  const hold = { step: 'hold', reason: 'lost', until: 1 } as const;
  const poll = {
    step: 'poll',
    taskId: 'task_x',
    acceptedAt: 1,
    deadlineAt: 2,
    polls: 1,
    progress: 0,
  } as const;
  const unknown = { code: 'submission_unknown', resume: hold, action: 'acknowledge' } as const;
  const late = { code: 'task_timeout', resume: poll, action: 'acknowledge' } as const;

  test('without the acknowledgement, renders that may have been bought are skipped', async () => {
    const items = await put(unknown, late);
    const redrive = await beginRedrive(harness, items);
    expect(await redrive.waitForEnd()).toMatchObject({
      status: 'completed',
      started: 0,
      skipped: 2,
      spendMicros: 0,
    });
    expect((await redrive.redrives.readMarks(redrive.key, 0)).marks).toBe('aa');
  });

  test('with the acknowledgement they are bought again, and the ledger has the statement', async () => {
    const items = await put(unknown, late);
    const redrive = await beginRedrive(harness, items, { acceptDuplicateCharge: true });
    left(2);
    expect(await redrive.waitForEnd()).toMatchObject({ status: 'completed', done: 2, spendMicros: 50_000 });
    for (const { id } of items) {
      expect(countPurchases(id)).toBe(1);
      expect(await harness.ledger.readStatement(id, 1)).toMatchObject({ kind: 'buy_again', actor: 'a test' });
    }
  });

  test('with poll_again they go on without a purchase', async () => {
    const items = await put(unknown, late);
    const redrive = await beginRedrive(harness, items, { pollAgain: true });
    left(1);
    expect(await redrive.waitForEnd()).toMatchObject({ status: 'partial', done: 1, failed: 1, buys: 0 });
    expect(items.map(({ id }) => countPurchases(id))).toEqual([0, 0]);
  });

  test('a render whose image has expired since the plan is not bought', async () => {
    const store = { step: 'store', taskId: 'task_x', expiresAt: Date.now() - 1 } as const;
    const items = await put({
      code: 'result_host_refused',
      resume: store,
      action: 'resume',
      expiresAt: store.expiresAt,
    });
    const redrive = await beginRedrive(harness, items);
    expect(await redrive.waitForEnd()).toMatchObject({ started: 0, skipped: 1 });
    expect((await redrive.redrives.readMarks(redrive.key, 0)).marks).toBe('e');
  });

  test('a redrive whose plan cannot be read stops, and says why', async () => {
    const items = await put({});
    const redrive = await beginRedrive(harness, items, { total: 600 });
    left(1);
    const end = await redrive.waitForEnd();
    expect(end).toMatchObject({ status: 'stopped', started: 1, skipped: 0 });
    expect(end.statusReason).toContain('part 1 of the redrive plan');
  });

  test('a paused redrive starts nothing, a resumed one goes on, and a canceled one ends', async () => {
    const items = await put(...Array.from({ length: 60 }, () => ({})));
    const redrive = await beginRedrive(harness, items, { rate: 5 });
    const countStarted = async () => (await redrive.readJob())?.counts[0]?.[0] ?? 0;
    await until(async () => (await countStarted()) >= 3);
    await redrive.want('pause');
    await until(async () => (await redrive.readJob())?.paused !== undefined);
    const paused = await countStarted();
    expect(paused).toBeLessThan(60);
    // A pass of a paused redrive counts ended renders and starts nothing.
    await until(async () => (await redrive.readJob())?.counts[0]?.[1] === paused);
    expect(await countStarted()).toBe(paused);
    await redrive.want('run');
    await until(async () => (await countStarted()) > paused);
    await redrive.want('cancel');
    const end = await redrive.waitForEnd();
    left(end.started);
    expect(end).toMatchObject({ status: 'canceled', failed: 0, done: end.started });
    expect(end.started).toBeLessThan(60);
    const { marks } = await redrive.redrives.readMarks(redrive.key, 0);
    expect(items.filter((_, at) => readMark(marks, at) === 'd')).toHaveLength(end.started);
    await haveFailed(harness, failed);
  });
});
