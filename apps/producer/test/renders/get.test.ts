import { renderDetailSchema, renderSchema } from '@darkroom/api';
import { renderJob } from '@darkroom/shared/queues';
import {
  type Checkpoint,
  DATA_VERSION,
  drawRenderId,
  type Failure,
  type LiveStep,
  type Purchase,
  type Receipt,
  type StoredImage,
  sumCost,
} from '@darkroom/shared/render';
import {
  formatDollars,
  type JobFacts,
  renderResponse,
  snapshotFromJob,
  snapshotFromReceipt,
} from '@darkroom/shared/snapshot';
import { requires } from '@darkroom/testkit';
import { describe, expect, test } from 'vitest';

import { type Harness, openHarness, readProblem } from '../support/harness.ts';

const ID = 'rnd_0123456789abcdef0123456789abcdef';
const image: StoredImage = {
  key: `images/${ID}.png`,
  sha256: 'ab'.repeat(32),
  bytes: 9,
  width: 4,
  height: 3,
  contentType: 'image/png',
  thumbnailKey: `thumbnails/${ID}.webp`,
};
const bought = (attempt: number, outcome: Purchase['outcome'] = 'accepted'): Purchase => ({
  provider: 'toapis',
  attempt,
  taskId: `task_${attempt}`,
  acceptedAt: 1_700_000_001_000,
  costMicros: 25_000,
  outcome,
});
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

function checkpoint(at: Checkpoint['at'], more: Partial<Checkpoint> = {}): Checkpoint {
  return {
    version: DATA_VERSION,
    renderId: ID,
    tenant: 'default',
    request: {
      model: 'gemini-3-pro-image-preview',
      prompt: 'x',
      resolution: '1K',
      images: [],
      priority: 'batch',
    },
    fingerprint: 'f',
    provider: 'toapis',
    creatorToken: 't',
    createdAt: 1_700_000_000_000,
    updatedAt: 1_700_000_005_000,
    attempt: 1,
    purchases: [],
    at,
    ...more,
  };
}

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
      checkpoint({ step: 'submit' }),
      { status: 'queued', progress: 0, attempts: 0, error: null, image: null },
    ],
    [
      'that waits to be bought again',
      job({ progress: 30 }),
      checkpoint({ step: 'submit' }, { attempt: 2, purchases: [bought(1, 'refunded')] }),
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
      checkpoint({ step: 'hold', reason: 'r', until: 1 }),
      { status: 'rendering', attempts: 1 },
    ],
    [
      'that the provider renders',
      job({ progress: 42 }),
      checkpoint(poll, { attempt: 2, purchases: [bought(1, 'refunded'), bought(2)] }),
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
      checkpoint({ step: 'store', taskId: 'task_1', expiresAt: 1 }),
      { status: 'storing', progress: 80 },
    ],
    [
      'that is about to end',
      job({ progress: 100 }),
      checkpoint({ step: 'finish', image }),
      { status: 'storing', progress: 99, image: null },
    ],
    [
      'that is completed',
      job({ finishedOn: 1_700_000_010_000, returnvalue: { status: 'completed', image, cost: sumCost([]) } }),
      checkpoint({ step: 'finish', image }, { purchases: [bought(1)] }),
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
      checkpoint(poll, { attempt: 2, purchases: [bought(1)] }),
      { status: 'canceled', attempts: 1, image: null, error: null },
    ],
    [
      'that failed',
      dead,
      checkpoint({ step: 'bury', failure, resume: poll, attemptsMade: 0 }),
      {
        status: 'failed',
        error: { code: 'content_policy_violation', message: 'content rejected', step: 'poll' },
      },
    ],
    [
      'that is being buried',
      job(),
      checkpoint({ step: 'bury', failure, resume: poll, attemptsMade: 0 }),
      { status: 'rendering', error: null },
    ],
    [
      'whose workers were killed too often',
      job({ finishedOn: 1_700_000_010_000, failedReason: 'job stalled more than allowable limit' }),
      checkpoint(poll),
      { status: 'failed', error: { code: 'worker_lost', message: expect.any(String), step: 'poll' } },
    ],
    [
      'that failed without a failure in its checkpoint',
      job({ finishedOn: 1_700_000_010_000, failedReason: 'TypeError: secret thing' }),
      checkpoint({ step: 'submit' }),
      {
        status: 'failed',
        error: {
          code: 'internal_error',
          message: 'Unexpected error.',
          step: 'submit',
        },
      },
    ],
    ['with an odd progress', job({ progress: { done: 3 } }), checkpoint(poll), { progress: 10 }],
    ['with a progress out of range', job({ progress: 4000 }), checkpoint(poll), { progress: 99 }],
  ])('the snapshot shows a render %s', (_, facts, of, expected) => {
    expect(answerOf(facts, of)).toMatchObject(expected);
  });

  test('a completed render has the same response from the queue and from the receipt', () => {
    const ended = checkpoint(
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
    const buried = checkpoint(
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

/** A completed render with its image in the store, in the queue or only as a receipt. */
async function finished(harness: Harness, where: 'queue' | 'receipt'): Promise<string> {
  const renderId = drawRenderId();
  const kept = { ...image, key: `images/${renderId}.png`, thumbnailKey: `thumbnails/${renderId}.webp` };
  await harness.store.put(kept.key, 'PNG bytes', { contentType: 'image/png' });
  await harness.store.put(kept.thumbnailKey, 'small', { contentType: 'image/webp' });
  const end = checkpoint({ step: 'finish', image: kept }, { renderId, purchases: [bought(1)] });
  if (where === 'queue') {
    const { name, data, opts } = renderJob(end);
    await harness.queues.render.add(name, data, opts);
    const worker = harness.engine.worker('render', async () => ({ image: kept, cost: sumCost([]) }));
    await new Promise((done) => worker.once('completed', done));
    await worker.close();
    return renderId;
  }
  const { version, tenant, request, fingerprint, createdAt, purchases } = end;
  const ended = {
    status: 'completed' as const,
    finishedAt: 1_700_000_010_000,
    attempts: 1,
    cost: { ...sumCost([]), spentMicros: 25_000 },
  };
  await harness.ledger.writeReceipt({
    version,
    renderId,
    tenant,
    request,
    fingerprint,
    createdAt,
    purchases,
    image: kept,
    ...ended,
  });
  return renderId;
}

requires('redis').describe('GET /v1/renders/{id}', () => {
  test("another tenant's render is searched as long as an unknown one, so the response time reveals nothing", async () => {
    const reads: string[] = [];
    const harness = await openHarness({
      wrap: (deps) => {
        const get: typeof deps.store.get = (key, options) => {
          reads.push(key);
          return deps.store.get(key, options);
        };
        return { ...deps, store: Object.assign(Object.create(deps.store), { get }) };
      },
    });
    const theirs = checkpoint({ step: 'submit' }, { renderId: drawRenderId(), tenant: 'another' });
    const { name, data, opts } = renderJob(theirs);
    await harness.queues.render.add(name, data, opts);
    const absent = drawRenderId();
    for (const id of [theirs.renderId, absent]) {
      expect(await readProblem(await harness.get(`/v1/renders/${id}`))).toMatchObject({ status: 404 });
    }
    expect(reads).toEqual([`renders/${theirs.renderId}.json`, `renders/${absent}.json`]);
  });

  test.each(['queue', 'receipt'] as const)(
    'the API answers a completed render from the %s and serves its image',
    async (where) => {
      const harness = await openHarness();
      const id = await finished(harness, where);
      const response = await harness.get(`/v1/renders/${id}`);
      expect(response.status).toBe(200);
      const answer = renderDetailSchema.parse(await response.json());
      expect(answer).toMatchObject({ id, status: 'completed', progress: 100, cost: { spent: '0.025' } });
      expect(answer.image?.url).toBe(`${harness.url}/v1/renders/${id}/image`);

      const served = await fetch(answer.image?.url ?? '');
      expect(await served.text()).toBe('PNG bytes');
      expect(Object.fromEntries(served.headers)).toMatchObject({
        'content-type': 'image/png',
        'content-length': '9',
        etag: `"${image.sha256}"`,
        'cache-control': 'private, max-age=86400',
        'x-content-type-options': 'nosniff',
      });
      const known = await fetch(answer.image?.url ?? '', {
        headers: { 'if-none-match': `W/"${image.sha256}"` },
      });
      expect([known.status, await known.text()]).toEqual([304, '']);
      const head = await fetch(answer.image?.url ?? '', { method: 'HEAD' });
      expect([head.status, head.headers.get('content-length')]).toEqual([200, '9']);
      const thumbnail = await fetch(answer.image?.thumbnail_url ?? '');
      expect([thumbnail.headers.get('content-type'), await thumbnail.text()]).toEqual([
        'image/webp',
        'small',
      ]);
    },
  );

  test('the API returns signed URLs where the store can sign, and logs none of them', async () => {
    const harness = await openHarness({
      wrap: (deps) => {
        const signedUrl = async (key: string) => `https://s3.example.com/${key}?X-Amz-Signature=0`;
        return { ...deps, store: Object.assign(Object.create(deps.store), { signedUrl }) };
      },
    });
    const id = await finished(harness, 'receipt');
    const { image } = renderDetailSchema.parse(await (await harness.get(`/v1/renders/${id}`)).json());
    expect(image?.url).toBe(`https://s3.example.com/images/${id}.png?X-Amz-Signature=0`);
    expect(harness.logs()).not.toContain('Signature');
  });

  test.each(['rnd_0123456789abcdef0123456789abcdef', 'nonsense', '..%2f..%2fetc', '%00', 'a'.repeat(90)])(
    'the API answers 404 for %s',
    async (id) => {
      const harness = await openHarness();
      for (const path of ['', '/image', '/thumbnail']) {
        const response = await harness.get(`/v1/renders/${id}${path}`);
        expect(await readProblem(response)).toMatchObject({ status: 404, code: 'render_not_found' });
      }
    },
  );

  test('the API answers 404 for the image of a render that has none yet', async () => {
    const harness = await openHarness();
    const { id } = (await (await harness.post({ prompt: 'x' })).json()) as { id: string };
    expect(await readProblem(await harness.get(`/v1/renders/${id}/image`))).toMatchObject({
      code: 'image_not_found',
      render_id: id,
    });
  });

  test('the API does not show a render of another tenant', async () => {
    const harness = await openHarness();
    const { name, data, opts } = renderJob(checkpoint({ step: 'submit' }, { tenant: 'another' }));
    await harness.queues.render.add(name, data, opts);
    expect(await readProblem(await harness.get(`/v1/renders/${ID}`))).toMatchObject({ status: 404 });
  });
});
