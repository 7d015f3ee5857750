import { bulkSchema, renderListSchema } from '@darkroom/api';
import { drawRenderId, renderIdFor } from '@darkroom/shared/render';
import { requires, until } from '@darkroom/testkit';
import { describe, expect, test } from 'vitest';
import { completeQueue, loseProof } from '../support/complete-queue.ts';
import { putReceipt } from '../support/contract/contract-fixture.ts';
import { type Harness, openHarness, readProblem } from '../support/harness.ts';

/** A producer whose queue is not known to be complete, with a render in the journal. */
async function openIncomplete() {
  const harness = await openHarness();
  expect((await harness.post({ prompt: 'accepted' })).status).toBe(202);
  await loseProof(harness);
  return harness;
}

const postTo = (harness: Harness, path: string, body = '') =>
  fetch(`${harness.url}${path}`, {
    method: 'POST',
    ...(body ? { headers: { 'content-type': 'application/json' }, body } : {}),
  });

/** Every call that looks up one render. */
const LOOKUPS: [string, (harness: Harness, id: string) => Promise<Response>][] = [
  ['GET', (harness, id) => harness.get(`/v1/renders/${id}`)],
  ['GET with wait', (harness, id) => harness.get(`/v1/renders/${id}?wait=1`)],
  ['events', (harness, id) => harness.get(`/v1/renders/${id}/events`)],
  ['image', (harness, id) => harness.get(`/v1/renders/${id}/image`)],
  ['thumbnail', (harness, id) => harness.get(`/v1/renders/${id}/thumbnail`)],
  ['deliveries', (harness, id) => harness.get(`/v1/renders/${id}/deliveries`)],
  ['redeliver', (harness, id) => postTo(harness, `/v1/renders/${id}/deliveries/redeliver`)],
  ['cancel', (harness, id) => postTo(harness, `/v1/renders/${id}/cancel`)],
  ['statement', (harness, id) => postTo(harness, `/v1/renders/${id}/statement`, '{"purchase":"not_bought"}')],
];

requires('redis').describe('while the queue may lack accepted renders', () => {
  test('every call about a render that is not found is answered 503 `restoring`, and 404 after the restore', async () => {
    const harness = await openIncomplete();
    const id = drawRenderId();
    for (const [name, call] of LOOKUPS) {
      const response = await call(harness, id);
      expect(response.headers.get('retry-after'), name).toBe('5');
      expect(await readProblem(response), name).toMatchObject({ status: 503, code: 'restoring' });
    }
    const [task, page] = await Promise.all([
      harness.get(`/v1/images/generations/${id}`),
      harness.get(`/renders/${id}`),
    ]);
    expect([task.status, task.headers.get('retry-after'), page.status]).toEqual([503, '5', 503]);

    await completeQueue(harness.engine, harness.queues);
    await until(async () => (await harness.get(`/v1/renders/${id}`)).status === 404);
    for (const [name, call] of LOOKUPS) {
      expect(await readProblem(await call(harness, id)), name).toMatchObject({ code: 'render_not_found' });
    }
    expect((await harness.get(`/v1/images/generations/${id}`)).status).toBe(404);
  });

  test('renders in the queue and renders with a receipt are found, and malformed ids are not', async () => {
    const harness = await openIncomplete();
    const { id } = (await (await harness.post({ prompt: 'present' })).json()) as { id: string };
    const ended = await putReceipt(harness);
    const paths = [id, ended.renderId, 'rnd_1'].map((one) => harness.get(`/v1/renders/${one}`));
    expect((await Promise.all(paths)).map(({ status }) => status)).toEqual([200, 200, 404]);
  });

  test('a producer without a journal answers 404', async () => {
    const harness = await openHarness({ settings: { INTAKE_JOURNAL: 'off' } });
    expect((await harness.get(`/v1/renders/${drawRenderId()}`)).status).toBe(404);
  });

  test('a new deployment needs no worker: it accepts keys, and answers 404 for renders that do not exist', async () => {
    const harness = await openHarness();
    for (const key of ['a', 'b']) {
      expect((await harness.post({ prompt: 'x' }, { 'idempotency-key': key })).status).toBe(202);
    }
    expect((await harness.get(`/v1/renders/${drawRenderId()}`)).status).toBe(404);
  });

  test('lists, probes, metrics and the start page say so until the restore has completed', async () => {
    const harness = await openIncomplete();
    const read = async () => {
      const ready = await harness.get('/readyz');
      const list = renderListSchema.parse(await (await harness.get('/v1/renders')).json());
      const metrics = await (await harness.get('/metrics')).text();
      return [
        ready.status,
        ((await ready.json()) as { restoring?: boolean }).restoring,
        list.incomplete,
        /^darkroom_queue_complete (\d)$/m.exec(metrics)?.[1],
        (await (await harness.get('/start')).text()).includes('/problems/restoring'),
        (await (await harness.get('/overview')).text()).includes('/problems/restoring'),
      ];
    };
    expect(await read()).toEqual([200, true, true, '0', true, true]);
    await completeQueue(harness.engine, harness.queues);
    await until(async () => {
      const [, restoring, , , , overview] = await read();
      return restoring === undefined && overview === false;
    });
    expect(await read()).toEqual([200, undefined, undefined, '1', false, false]);
  });

  describe('a request with a key that is not found', () => {
    test('is answered 503 `restoring`, because the key may belong to another request', async () => {
      const harness = await openIncomplete();
      const item = { prompt: 'x', idempotency_key: 'lost' };
      expect(await readProblem(await harness.post(item))).toMatchObject({ code: 'restoring' });
      expect(await readProblem(await harness.bulk([item]))).toMatchObject({ code: 'restoring' });
      expect(await harness.jobCount()).toBe(1);
      await completeQueue(harness.engine, harness.queues);
      await until(async () => (await harness.post(item)).status === 202);
    });

    test('does not keep the other items of its bulk call from being accepted', async () => {
      const harness = await openHarness();
      const present = { prompt: 'present', idempotency_key: 'present' };
      expect((await harness.post(present)).status).toBe(202);
      await loseProof(harness);
      const response = await harness.bulk([
        { prompt: 'lost', idempotency_key: 'lost' },
        present,
        { prompt: 'keyless' },
      ]);
      expect(response.status).toBe(207);
      expect(bulkSchema.parse(await response.json())).toMatchObject({
        accepted: 1,
        duplicates: 1,
        items: [
          { status: 503, error: { code: 'restoring' } },
          { status: 202, render: { id: renderIdFor('default', 'present'), duplicate: true } },
          { status: 202, render: { duplicate: false } },
        ],
      });
    });
  });
});
