import type { AttemptHistory } from '@darkroom/shared/ledger';
import { type Checkpoint, DATA_VERSION, type Receipt, sumCost } from '@darkroom/shared/render';
import { expect, test } from 'vitest';
import { checkpointFromReceipt, reconstruct } from '../../src/restore/reconstruct.ts';
import { newCheckpoint } from '../support/harness.ts';

const CONTEXT = { now: 10_000, taskDeadlineMs: 60_000, unknownGraceMs: 5_000, priceMicros: 25_000 };
const first: Checkpoint = newCheckpoint({}, 1_000);
const { request } = first;
const rest = { hasResult: false, isRefunded: false, statement: undefined };

const accepted = (attempt: number, more: Partial<AttemptHistory> = {}): AttemptHistory => ({
  ...rest,
  attempt,
  state: {
    kind: 'accepted',
    acceptance: {
      provider: 'toapis',
      taskId: `task_${attempt}`,
      acceptedAt: 2_000,
      costMicros: 25_000,
      source: 'answer',
    },
  },
  ...more,
});

const claimed = (attempt: number, more: Partial<AttemptHistory> = {}): AttemptHistory => ({
  ...rest,
  attempt,
  state: {
    kind: 'claimed',
    intent: { provider: 'toapis', owner: 'a', claimedBy: 'host 1', claimedAt: 2_000, request },
  },
  ...more,
});

const failedReceipt = (more: Partial<Receipt> = {}): Receipt => ({
  version: DATA_VERSION,
  renderId: first.renderId,
  tenant: first.tenant,
  status: 'failed',
  request,
  fingerprint: first.fingerprint,
  createdAt: 1_000,
  finishedAt: 5_000,
  attempts: 1,
  purchases: [],
  cost: sumCost([]),
  failure: { code: 'submission_unknown', message: 'm', step: 'hold', at: 5_000, chain: [] },
  resume: { step: 'hold', reason: 'r', until: 4_000 },
  resumeAttempt: 1,
  ...more,
});

function restoreFrom(attempts: AttemptHistory[], receipt?: Receipt, cancelRequestedAt?: number) {
  const cancelRequest = cancelRequestedAt === undefined ? undefined : { requestedAt: cancelRequestedAt };
  const found = reconstruct({ first, receipt, history: { attempts, cancelRequest } }, CONTEXT);
  if (found.kind !== 'add') throw new Error('the render has ended');
  return found;
}

test('an earlier task counts as spent if it completed, as refunded if the ledger says so, else as possibly spent', () => {
  const { checkpoint } = restoreFrom([
    accepted(1, { hasResult: true }),
    accepted(2, { isRefunded: true }),
    accepted(3),
    accepted(4),
  ]);
  expect(checkpoint.purchases.map(({ outcome }) => outcome)).toEqual([
    'accepted',
    'refunded',
    'unknown',
    'accepted',
  ]);
  expect(checkpoint).toMatchObject({
    attempt: 4,
    at: { step: 'poll', taskId: 'task_4', deadlineAt: 70_000 },
  });
});

test('a claim without an outcome is held, and counts as possibly spent', () => {
  const { checkpoint } = restoreFrom([claimed(1)]);
  expect(checkpoint.at).toMatchObject({ step: 'hold', until: 15_000 });
  expect(sumCost(checkpoint.purchases).possiblySpentMicros).toBe(25_000);
});

test('a claim about which an operator stated that nothing was bought costs nothing', () => {
  const statement = { kind: 'not_bought', actor: 'ann', statedAt: 3_000 } as const;
  expect(restoreFrom([claimed(1, { statement }), accepted(2)]).checkpoint.purchases).toMatchObject([
    { attempt: 2, outcome: 'accepted' },
  ]);
});

test('a failed render whose task became known after its end goes on with this task', () => {
  const unknown = { provider: 'toapis', attempt: 1, outcome: 'unknown', costMicros: 25_000 } as const;
  const found = restoreFrom([accepted(1)], failedReceipt({ purchases: [unknown] }));
  expect(found.checkpoint).toMatchObject({ endsBefore: 1, at: { step: 'hold' } });
  expect(found.checkpoint.purchases).toMatchObject([{ taskId: 'task_1', outcome: 'accepted' }]);
});

test('a redriven render goes on at the attempt that its redrive bought', () => {
  const { checkpoint } = restoreFrom(
    [claimed(1), accepted(2)],
    failedReceipt({ redrivenAt: 6_000, priorEnds: 1 }),
  );
  expect(checkpoint).toMatchObject({ attempt: 2, endsBefore: 2, at: { step: 'poll', taskId: 'task_2' } });
});

test('a cancel request that is older than the last end does not cancel a redriven render', () => {
  const redriven = failedReceipt({ redrivenAt: 6_000 });
  expect(restoreFrom([claimed(1)], redriven, 4_000).cancelRequestedAt).toBeUndefined();
  expect(restoreFrom([claimed(1)], redriven, 7_000).cancelRequestedAt).toBe(7_000);
});

test('a render that is restored from its receipt still names the render that it is a copy of', () => {
  const copyOf = `rnd_${'1'.repeat(32)}`;
  expect(checkpointFromReceipt(failedReceipt({ copyOf })).copyOf).toBe(copyOf);
  expect(checkpointFromReceipt(failedReceipt())).not.toHaveProperty('copyOf');
});
