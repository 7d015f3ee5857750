import { renderSchema } from '@darkroom/api';
import { type Checkpoint, type Failure, type LiveStep, type Receipt, sumCost } from '@darkroom/shared/render';
import {
  formatDollars,
  type JobFacts,
  renderResponse,
  snapshotFromJob,
  snapshotFromReceipt,
} from '@darkroom/shared/snapshot';
import { describe, expect, test } from 'vitest';
import { bought, createCheckpointAt, image } from '../support/stored-render.ts';

const failure: Failure = {
  code: 'content_policy_violation',
  message: 'content rejected',
  step: 'poll',
  at: 1_700_000_009_000,
  chain: ['a', 'b'],
};
const poll: LiveStep = {
  step: 'poll',
  taskId: 'task_2',
  acceptedAt: 1,
  deadlineAt: 2,
  polls: 3,
  progress: 0,
};

const job = (facts: Partial<JobFacts> = {}) => ({ progress: 0, ...facts }) as JobFacts;
const dead = job({ finishedOn: 1_700_000_010_000, failedReason: 'content rejected' });
const answerOf = (facts: JobFacts, of: Checkpoint) =>
  renderSchema.parse(
    renderResponse(snapshotFromJob(facts, of), 'http://x.test', {
      image: 'http://x.test/i',
      thumbnail: 'http://x.test/t',
    }),
  );

describe('the status of a render', () => {
  test.each<[string, JobFacts, Checkpoint, object]>([
    [
      'that waits',
      job(),
      createCheckpointAt({ step: 'submit' }),
      { status: 'queued', progress: 0, attempts: 0, error: null, image: null },
    ],
    [
      'that waits to be bought again',
      job({ progress: 30 }),
      createCheckpointAt({ step: 'submit' }, { attempt: 2, purchases: [bought(1, 'refunded')] }),
      {
        status: 'queued',
        progress: 30,
        attempts: 1,
        task_ids: ['task_1'],
        cost: { spent: '0.000', refunded: '0.025', possibly_spent: '0.000', currency: 'USD', purchases: 1 },
      },
    ],
    [
      'whose purchase is unknown',
      job(),
      createCheckpointAt({ step: 'hold', reason: 'r', until: 1 }),
      { status: 'rendering', attempts: 1 },
    ],
    [
      'that the provider renders',
      job({ progress: 42 }),
      createCheckpointAt(poll, { attempt: 2, purchases: [bought(1, 'refunded'), bought(2)] }),
      {
        status: 'rendering',
        progress: 42,
        task_ids: ['task_1', 'task_2'],
        cost: { spent: '0.025', refunded: '0.025', possibly_spent: '0.000', currency: 'USD', purchases: 2 },
      },
    ],
    [
      'that is being stored',
      job(),
      createCheckpointAt({ step: 'store', taskId: 'task_1', expiresAt: 1 }),
      { status: 'storing', progress: 80 },
    ],
    [
      'that is about to end',
      job({ progress: 100 }),
      createCheckpointAt({ step: 'finish', image }),
      { status: 'storing', progress: 99, image: null },
    ],
    [
      'that is completed',
      job({ finishedOn: 1_700_000_010_000, returnvalue: { status: 'completed', image, cost: sumCost([]) } }),
      createCheckpointAt({ step: 'finish', image }, { purchases: [bought(1)] }),
      {
        status: 'completed',
        progress: 100,
        updated_at: '2023-11-14T22:13:30.000Z',
        image: {
          key: image.key,
          url: 'http://x.test/i',
          sha256: image.sha256,
          bytes: 9,
          width: 4,
          height: 3,
          content_type: 'image/png',
          thumbnail_url: 'http://x.test/t',
        },
      },
    ],
    [
      'that was canceled, although a run that had lost its lock wrote a checkpoint later',
      job({ finishedOn: 1_700_000_010_000, returnvalue: { status: 'canceled', cost: sumCost([]) } }),
      createCheckpointAt(poll, { attempt: 2, purchases: [bought(1)] }),
      { status: 'canceled', attempts: 1, image: null, error: null },
    ],
    [
      'that failed',
      dead,
      createCheckpointAt({ step: 'bury', failure, resume: poll, attemptsMade: 0 }),
      {
        status: 'failed',
        error: { code: 'content_policy_violation', message: 'content rejected', step: 'poll' },
      },
    ],
    [
      'that is being buried',
      job(),
      createCheckpointAt({ step: 'bury', failure, resume: poll, attemptsMade: 0 }),
      { status: 'rendering', error: null },
    ],
    [
      'whose workers were killed too often',
      job({ finishedOn: 1_700_000_010_000, failedReason: 'job stalled more than allowable limit' }),
      createCheckpointAt(poll),
      { status: 'failed', error: { code: 'worker_lost', message: expect.any(String), step: 'poll' } },
    ],
    [
      'that failed without a failure in its checkpoint',
      job({ finishedOn: 1_700_000_010_000, failedReason: 'TypeError: secret thing' }),
      createCheckpointAt({ step: 'submit' }),
      {
        status: 'failed',
        error: {
          code: 'internal_error',
          message: 'Unexpected error.',
          step: 'submit',
        },
      },
    ],
    ['with an odd progress', job({ progress: { done: 3 } }), createCheckpointAt(poll), { progress: 10 }],
    ['with a progress out of range', job({ progress: 4000 }), createCheckpointAt(poll), { progress: 99 }],
  ])('the snapshot shows a render %s', (_, facts, of, expected) => {
    expect(answerOf(facts, of)).toMatchObject(expected);
  });

  test('a completed render has the same response from the queue and from the receipt', () => {
    const ended = createCheckpointAt(
      { step: 'finish', image },
      { attempt: 2, purchases: [bought(1, 'refunded'), bought(2)] },
    );
    const fromJob = snapshotFromJob(
      job({ finishedOn: 1_700_000_010_000, returnvalue: { status: 'completed', image, cost: sumCost([]) } }),
      ended,
    );
    const { version, renderId, tenant, request, fingerprint, createdAt, purchases } = ended;
    const receipt: Receipt = {
      version,
      renderId,
      tenant,
      request,
      fingerprint,
      createdAt,
      purchases,
      image,
      status: 'completed',
      finishedAt: 1_700_000_010_000,
      attempts: 2,
      cost: { ...sumCost([]), spentMicros: 25_000 },
    };
    expect(snapshotFromReceipt(receipt)).toEqual(fromJob);
  });

  test('a failed render has the same response from the queue and from the receipt', () => {
    const buried = createCheckpointAt(
      { step: 'bury', failure, resume: poll, attemptsMade: 0 },
      { purchases: [bought(1, 'refunded'), bought(2)] },
    );
    const { version, renderId, tenant, request, fingerprint, createdAt, purchases } = buried;
    const receipt: Receipt = {
      version,
      renderId,
      tenant,
      request,
      fingerprint,
      createdAt,
      purchases,
      failure,
      status: 'failed',
      finishedAt: 1_700_000_010_000,
      attempts: 2,
      cost: sumCost([]),
    };
    expect(snapshotFromReceipt(receipt)).toEqual(snapshotFromJob({ ...dead, progress: 100 }, buried));
  });

  test.each([
    [0, '0.000'],
    [25_000, '0.025'],
    [30_000, '0.030'],
    [1_000_000, '1.000'],
    [12_345_678, '12.345678'],
    [500, '0.0005'],
  ])('a cost of %d micro-dollars is shown as %s', (micros, text) => {
    expect(formatDollars(micros)).toBe(text);
  });
});
