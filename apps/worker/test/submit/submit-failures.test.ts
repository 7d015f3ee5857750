import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type FailureCode } from '@darkroom/api';
import type { Submission } from '@darkroom/providers';
import { readAccountStop } from '@darkroom/shared/queues';
import { sumCost } from '@darkroom/shared/render';
import { cleanup, requires, until } from '@darkroom/testkit';
import type { FaultRule } from '@darkroom/upstream-simulator';
import { expect, test } from 'vitest';
import { startFakeProvider } from '../support/fake-provider.ts';
import { type Harness, openHarness } from '../support/harness.ts';

/** Attempts that the submit child was charged with. */
const readAttempts = async (harness: Harness, id: string, attempt = 1) =>
  (await harness.queues.submit.getJob(`${id}.s${attempt}`))?.attemptsMade;
const findDeadLetter = async (harness: Harness, id: string) =>
  (await harness.queues.deadLetter.getJob(id))?.data;

requires('redis').describe('failures of a submission', () => {
  test.for<FaultRule>([
    { kind: 'rate_limited', retryAfterSeconds: 1 },
    { kind: 'rate_limit_unavailable', retryAfterSeconds: 1 },
  ])('after $kind the whole queue waits, without an attempt, and buys once', async (fault) => {
    const harness = await openHarness();
    harness.simulator.faults.add(fault);
    const ids = [await harness.enqueue(), await harness.enqueue()];
    await harness.startWorker({ settings: { SUBMIT_CONCURRENCY: 1 } });
    for (const id of ids) {
      expect((await harness.waitForReceipt(id)).status).toBe('completed');
      // BullMQ counts the end of the job as its first attempt.
      expect(await readAttempts(harness, id)).toBe(1);
      expect(harness.countPurchases(id)).toEqual({ charged: 1, refunded: 0 });
    }
  });

  test('a submission without an available channel is retried with an attempt each, and bought once', async () => {
    const harness = await openHarness();
    harness.simulator.faults.add({ kind: 'no_channel', times: 2, retryAfterSeconds: 0 });
    await harness.startWorker();
    const id = await harness.enqueue();
    expect((await harness.waitForReceipt(id)).status).toBe('completed');
    expect(await readAttempts(harness, id)).toBe(3);
    expect(harness.countPurchases(id)).toEqual({ charged: 1, refunded: 0 });
  });

  test('a render whose provider cannot be reached fails after the last try, and a redrive buys', async () => {
    const harness = await openHarness();
    const away = await harness.startWorker({
      settings: { TOAPIS_BASE_URL: 'http://127.0.0.1:1', SUBMIT_ATTEMPTS: 3 },
    });
    const id = await harness.enqueue();
    // The child keeps the number of tries that it was added with.
    const receipt = await harness.waitForReceipt(id);
    expect(receipt.failure).toMatchObject({ code: 'upstream_unreachable', step: 'submit' });
    expect(await readAttempts(harness, id)).toBe(3);
    expect(await findDeadLetter(harness, id)).toMatchObject({ attempts: 0, cost: sumCost([]) });
    await away.close();

    await harness.startWorker();
    await harness.redrive(id);
    expect((await harness.waitForReceipt(id)).status).toBe('completed');
    expect(harness.countPurchases(id).charged).toBe(1);
    expect(await findDeadLetter(harness, id)).toBeUndefined();
  });

  test.for<[FaultRule, number]>([
    [{ kind: 'accept_then_cut' }, 1],
    [{ kind: 'accept_then_hang' }, 1],
    [{ kind: 'accept_then_504' }, 1],
    [{ kind: 'accept_then_html', status: 404 }, 1],
    [{ kind: 'accept_then_html', status: 408 }, 1],
    [{ kind: 'accept_then_html', status: 409 }, 1],
    [{ kind: 'accept_then_html', status: 425 }, 1],
    [{ kind: 'accept_then_html', status: 499 }, 1],
    [{ kind: 'accept_then_html', status: 422 }, 1],
    [{ kind: 'accept_then_html', status: 401 }, 1],
    [{ kind: 'accept_garbage', form: 'no_id' }, 1],
    [{ kind: 'accept_garbage' }, 1],
    [{ kind: 'cut_before' }, 0],
    [{ kind: 'hang' }, 0],
    [{ kind: 'html_502' }, 0],
    [{ kind: 'html_504' }, 0],
    [{ kind: 'internal_error' }, 0],
  ])(
    'after %o the outcome is unknown: the render is held, then dead-lettered, and never bought again',
    async ([fault, charged]) => {
      const harness = await openHarness({ settings: { SUBMIT_TIMEOUT_MS: 500, UNKNOWN_GRACE_MS: 300 } });
      harness.simulator.faults.add(fault);
      await harness.startWorker();
      const id = await harness.enqueue();
      const receipt = await harness.waitForReceipt(id);
      expect(receipt.failure).toMatchObject({ code: 'submission_unknown', step: 'hold' });
      expect(await findDeadLetter(harness, id)).toMatchObject({ failure: { code: 'submission_unknown' } });
      expect(harness.countPurchases(id).charged).toBe(charged);
      expect(harness.simulator.requests.counts().categories.submit.received).toBe(1);

      // A plain retry, from the dashboard say, does not buy either.
      await harness.redrive(id);
      await until(async () => ((await harness.queues.render.getJob(id))?.attemptsMade ?? 0) >= 2);
      expect((await harness.waitForReceipt(id)).failure?.code).toBe('submission_unknown');
      expect(harness.simulator.requests.counts().categories.submit.received).toBe(1);
    },
  );

  test('an unexpected error after the claim leaves a purchase that is possibly spent, and a redrive does not buy', async () => {
    const harness = await openHarness({ settings: { UNKNOWN_GRACE_MS: 300 } });
    const provider = await startFakeProvider();
    cleanup(() => provider.close());
    const submit = async (submission: Submission) => {
      await provider.submit(submission);
      throw new TypeError('a bug after the purchase');
    };
    const broken = Object.assign(Object.create(provider) as typeof provider, { submit });
    await harness.startWorker({ provider: broken });
    const id = await harness.enqueue();
    expect(await harness.waitForReceipt(id)).toMatchObject({
      failure: { code: 'internal_error', step: 'submit' },
      cost: { spentMicros: 0, possiblySpentMicros: 25_000 },
    });
    await harness.redrive(id);
    await until(async () => (await harness.waitForReceipt(id)).failure?.code === 'submission_unknown');
    expect(provider.purchases).toHaveLength(1);
  });

  test('a page of a gateway stops no account: the next render is submitted', async () => {
    const harness = await openHarness({ settings: { UNKNOWN_GRACE_MS: 60_000 } });
    for (const status of [401, 402, 403]) harness.simulator.faults.add({ kind: 'html', status });
    await harness.startWorker({ settings: { SUBMIT_CONCURRENCY: 1 } });
    const ids: string[] = [];
    for (let count = 0; count < 4; count += 1) ids.push(await harness.enqueue());
    const steps = async () =>
      (await Promise.all(ids.map((id) => harness.readCheckpoint(id)))).map(({ at }) => at.step).sort();
    await until(async () => (await steps()).join() === 'finish,hold,hold,hold');
    expect(await readAccountStop(harness.queues)).toBeUndefined();
    expect(harness.simulator.requests.counts().categories.submit.received).toBe(4);
  });

  test('a worker with a wrong base URL submits nothing and holds no render', async () => {
    const harness = await openHarness();
    const requests: string[] = [];
    const page = createServer((request, response) => {
      requests.push(`${request.method} ${request.url}`);
      response.writeHead(404, { 'content-type': 'text/html' }).end('<h1>Welcome to nginx</h1>');
    });
    await new Promise<void>((done) => page.listen(0, '127.0.0.1', done));
    cleanup(() => new Promise<void>((done) => page.close(() => done())));
    const { port } = page.address() as AddressInfo;
    const wrong = await harness.startWorker({ settings: { TOAPIS_BASE_URL: `http://127.0.0.1:${port}` } });
    const ids = [await harness.enqueue(), await harness.enqueue(), await harness.enqueue()];
    // Two rounds: after the first one, the whole queue waits and asks again.
    await until(() => requests.filter((line) => line.includes('/v1/balance')).length >= 2, {
      timeout: 30_000,
    });
    expect(requests.filter((line) => line.startsWith('POST'))).toEqual([]);
    for (const id of ids) expect((await harness.readCheckpoint(id)).at.step).toBe('submit');
    await wrong.close();

    await harness.startWorker();
    for (const id of ids) {
      expect((await harness.waitForReceipt(id)).status).toBe('completed');
      expect(harness.countPurchases(id).charged).toBe(1);
    }
  });

  test('after an unknown purchase nothing is submitted until the provider itself answers', async () => {
    const harness = await openHarness({ settings: { UNKNOWN_GRACE_MS: 60_000 } });
    // A gateway in trouble: it answers every submission, and the first two calls that check for the provider.
    harness.simulator.faults.add({ kind: 'accept_then_html', status: 404 });
    await harness.startWorker({ settings: { SUBMIT_CONCURRENCY: 1 } });
    const first = await harness.enqueue();
    await until(async () => (await harness.readCheckpoint(first)).at.step === 'hold');
    harness.simulator.faults.add({ kind: 'html', status: 404, route: 'balance' });
    harness.simulator.faults.add({ kind: 'html', status: 404, route: 'query' });
    harness.simulator.faults.add({ kind: 'accept_then_html', status: 404 });
    const submissions = () => harness.simulator.requests.counts().categories.submit.received;
    const balances = () => harness.simulator.requests.counts().categories.balance.received;
    const before = balances();
    await harness.enqueue();
    await until(() => balances() > before);
    expect(submissions()).toBe(1);
    await until(() => submissions() === 2, { timeout: 30_000 });
    expect(balances()).toBe(before + 2);
  });

  test('a held render goes on when the acceptance of its task arrives in the ledger', async () => {
    const harness = await openHarness({ settings: { UNKNOWN_GRACE_MS: 60_000 } });
    harness.simulator.faults.add({ kind: 'accept_then_cut' });
    await harness.startWorker();
    const id = await harness.enqueue();
    await until(async () => (await harness.readCheckpoint(id)).at.step === 'hold');
    const [task] = harness.simulator.book.byBusinessId(id);
    await harness.ledger.writeAcceptance(id, 1, {
      taskId: task?.taskId ?? '',
      acceptedAt: task?.createdAt ?? 0,
      costMicros: 25_000,
      provider: 'toapis',
      source: 'webhook',
    });
    await until(async () => (await harness.queues.render.getJob(id))?.isDelayed() ?? false);
    await (await harness.queues.render.getJob(id))?.promote();
    expect(await harness.waitForReceipt(id)).toMatchObject({ status: 'completed', attempts: 1 });
    expect(harness.countPurchases(id).charged).toBe(1);
  });

  test('a worker with SUBMIT_UNKNOWN=resubmit buys an unknown purchase again', async () => {
    const harness = await openHarness({ settings: { UNKNOWN_GRACE_MS: 200, SUBMIT_UNKNOWN: 'resubmit' } });
    harness.simulator.faults.add({ kind: 'accept_then_cut' });
    await harness.startWorker();
    const id = await harness.enqueue();
    expect(await harness.waitForReceipt(id)).toMatchObject({ status: 'completed', attempts: 2 });
    expect(harness.countPurchases(id).charged).toBe(2);
  });

  test.for<[FaultRule, FailureCode]>([
    [{ kind: 'invalid_request' }, 'invalid_request'],
    [{ kind: 'invalid_request', message: 'prompt violates the content policy' }, 'content_policy_violation'],
    [{ kind: 'refuse_content' }, 'content_policy_violation'],
  ])('after %o the render fails at once as %s, and nothing was bought', async ([fault, code]) => {
    const harness = await openHarness();
    harness.simulator.faults.add(fault);
    await harness.startWorker();
    const id = await harness.enqueue();
    expect(await harness.waitForReceipt(id)).toMatchObject({
      attempts: 0,
      cost: sumCost([]),
      failure: { code },
    });
    expect(await readAttempts(harness, id)).toBe(1);
    expect(harness.countPurchases(id)).toEqual({ charged: 0, refunded: 0 });
    // The refusal freed the intent: a redrive submits.
    await harness.redrive(id);
    await until(async () => (await harness.waitForReceipt(id)).status === 'completed');
    expect(harness.countPurchases(id).charged).toBe(1);
  });
});
