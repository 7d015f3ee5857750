import { type FailureCode } from '@darkroom/api';

import { requires, until } from '@darkroom/testkit';
import type { FaultRule } from '@darkroom/upstream-simulator';
import { expect, test } from 'vitest';
import { openRig, type Rig } from '../support/harness.ts';

/** Attempts that the submit child was charged with. */
const triesOf = async (rig: Rig, id: string, attempt = 1) =>
  (await rig.queues.submit.getJob(`${id}.s${attempt}`))?.attemptsMade;
const letterOf = async (rig: Rig, id: string) => (await rig.queues.deadLetter.getJob(id))?.data;

/** Has the worker look at the account now, instead of in some seconds. */
async function lookAtAccount(rig: Rig) {
  const chore = await until(async () =>
    (await rig.queues.maintenance.getDelayed()).find((job) => job.data.chore === 'resume-submissions'),
  );
  await chore.promote();
}

requires('redis').describe('failures of a submission', () => {
  test.for<FaultRule>([
    { kind: 'rate_limited', retryAfterSeconds: 1 },
    { kind: 'rate_limit_unavailable', retryAfterSeconds: 1 },
  ])('$kind stops the whole queue, costs no attempt and buys once', async (fault) => {
    const rig = await openRig();
    rig.simulator.faults.add(fault);
    const ids = [await rig.render(), await rig.render()];
    await rig.work({ settings: { SUBMIT_CONCURRENCY: 1 } });
    for (const id of ids) {
      expect((await rig.ended(id)).status).toBe('completed');
      // BullMQ counts the end of the job as its first attempt.
      expect(await triesOf(rig, id)).toBe(1);
      expect(rig.bought(id)).toEqual({ charged: 1, refunded: 0 });
    }
  });

  test('no available channel is retried with an attempt each, and bought once', async () => {
    const rig = await openRig();
    rig.simulator.faults.add({ kind: 'no_channel', times: 2, retryAfterSeconds: 0 });
    await rig.work();
    const id = await rig.render();
    expect((await rig.ended(id)).status).toBe('completed');
    expect(await triesOf(rig, id)).toBe(3);
    expect(rig.bought(id)).toEqual({ charged: 1, refunded: 0 });
  });

  test('a provider that cannot be reached is dead after the last try, and a redrive buys', async () => {
    const rig = await openRig();
    const away = await rig.work({ settings: { TOAPIS_BASE_URL: 'http://127.0.0.1:1', SUBMIT_ATTEMPTS: 3 } });
    const id = await rig.render();
    // The child carries the number of tries it was born with.
    const receipt = await rig.ended(id);
    expect(receipt.failure).toMatchObject({ code: 'upstream_unreachable', step: 'submit' });
    expect(await triesOf(rig, id)).toBe(3);
    expect(await letterOf(rig, id)).toMatchObject({ attempts: 0, costMicros: 0 });
    await away.close();

    await rig.work();
    await rig.redrive(id);
    expect((await rig.ended(id)).status).toBe('completed');
    expect(rig.bought(id).charged).toBe(1);
    expect(await letterOf(rig, id)).toBeUndefined();
  });

  test.for<[FaultRule, number]>([
    [{ kind: 'accept_then_cut' }, 1],
    [{ kind: 'accept_then_hang' }, 1],
    [{ kind: 'accept_then_504' }, 1],
    [{ kind: 'accept_garbage', form: 'no_id' }, 1],
    [{ kind: 'accept_garbage' }, 1],
    [{ kind: 'cut_before' }, 0],
    [{ kind: 'hang' }, 0],
    [{ kind: 'html_502' }, 0],
    [{ kind: 'html_504' }, 0],
    [{ kind: 'internal_error' }, 0],
  ])('after %o the outcome is unknown: held, dead-lettered, never bought again', async ([fault, charged]) => {
    const rig = await openRig({ settings: { SUBMIT_TIMEOUT_MS: 500, UNKNOWN_GRACE_MS: 300 } });
    rig.simulator.faults.add(fault);
    await rig.work();
    const id = await rig.render();
    const receipt = await rig.ended(id);
    expect(receipt.failure).toMatchObject({ code: 'submission_unknown', step: 'hold' });
    expect(await letterOf(rig, id)).toMatchObject({ failure: { code: 'submission_unknown' } });
    expect(rig.bought(id).charged).toBe(charged);
    expect(rig.simulator.requests.counts().categories.submit.received).toBe(1);

    // A plain retry, from the dashboard say, does not buy either.
    await rig.redrive(id);
    await until(async () => ((await rig.queues.render.getJob(id))?.attemptsMade ?? 0) >= 2);
    expect((await rig.ended(id)).failure?.code).toBe('submission_unknown');
    expect(rig.simulator.requests.counts().categories.submit.received).toBe(1);
  });

  test('an unknown submission goes on when word of its task arrives in the ledger', async () => {
    const rig = await openRig({ settings: { UNKNOWN_GRACE_MS: 60_000 } });
    rig.simulator.faults.add({ kind: 'accept_then_cut' });
    await rig.work();
    const id = await rig.render();
    await until(async () => (await rig.checkpoint(id)).at.step === 'hold');
    const [task] = rig.simulator.book.byBusinessId(id);
    await rig.ledger.writeAcceptance(id, 1, {
      taskId: task?.taskId ?? '',
      acceptedAt: task?.createdAt ?? 0,
      costMicros: 25_000,
      provider: 'toapis',
      source: 'webhook',
    });
    await until(async () => (await rig.queues.render.getJob(id))?.isDelayed() ?? false);
    await (await rig.queues.render.getJob(id))?.promote();
    expect(await rig.ended(id)).toMatchObject({ state: 'completed', attempts: 1 });
    expect(rig.bought(id).charged).toBe(1);
  });

  test('SUBMIT_UNKNOWN=resubmit buys again, because an operator said so', async () => {
    const rig = await openRig({ settings: { UNKNOWN_GRACE_MS: 200, SUBMIT_UNKNOWN: 'resubmit' } });
    rig.simulator.faults.add({ kind: 'accept_then_cut' });
    await rig.work();
    const id = await rig.render();
    expect(await rig.ended(id)).toMatchObject({ state: 'completed', attempts: 2 });
    expect(rig.bought(id).charged).toBe(2);
  });

  test.for<[FaultRule, FailureCode]>([
    [{ kind: 'invalid_request' }, 'invalid_request'],
    [{ kind: 'invalid_request', message: 'prompt violates the content policy' }, 'content_policy_violation'],
    [{ kind: 'refuse_content' }, 'content_policy_violation'],
  ])('%o is dead at once as %s, and nothing was bought', async ([fault, code]) => {
    const rig = await openRig();
    rig.simulator.faults.add(fault);
    await rig.work();
    const id = await rig.render();
    expect(await rig.ended(id)).toMatchObject({ attempts: 0, costMicros: 0, failure: { code } });
    expect(await triesOf(rig, id)).toBe(1);
    expect(rig.bought(id)).toEqual({ charged: 0, refunded: 0 });
    // The refusal freed the intent: a redrive submits.
    await rig.redrive(id);
    await until(async () => (await rig.ended(id)).status === 'completed');
    expect(rig.bought(id).charged).toBe(1);
  });

  test.for<FaultRule>([{ kind: 'unauthorized' }, { kind: 'insufficient_quota' }])(
    '$kind pauses submissions, keeps every job, and resumes when the account is back',
    async (fault) => {
      const rig = await openRig();
      rig.simulator.faults.add(fault);
      await rig.work();
      const ids = [await rig.render(), await rig.render(), await rig.render()];
      await until(() => rig.queues.submit.isPaused());
      await lookAtAccount(rig);
      for (const id of ids) {
        expect((await rig.ended(id)).status).toBe('completed');
        expect(await triesOf(rig, id)).toBe(1);
        expect(rig.bought(id).charged).toBe(1);
      }
      expect(await rig.queues.submit.isPaused()).toBe(false);
      expect(await rig.queues.deadLetter.getJobCountByTypes('waiting')).toBe(0);
    },
  );

  test('while the account cannot buy, submissions stay paused', async () => {
    const rig = await openRig({ simulator: { balance: 0 } });
    await rig.work();
    const id = await rig.render();
    await until(() => rig.queues.submit.isPaused());
    await lookAtAccount(rig);
    await until(() => rig.simulator.requests.counts().categories.balance.received >= 1);
    expect(await rig.queues.submit.isPaused()).toBe(true);

    await rig.simulator.setBalance(1);
    await lookAtAccount(rig);
    expect((await rig.ended(id)).status).toBe('completed');
    expect(await triesOf(rig, id)).toBe(1);
    expect(rig.bought(id)).toEqual({ charged: 1, refunded: 0 });
  });
});
