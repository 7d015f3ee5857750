import { bulkSchema } from '@darkroom/api';
import { requires } from '@darkroom/testkit';
import { expect, test } from 'vitest';
import { failAfter } from '../../support/failing-engine.ts';
import { openHarness, readProblem } from '../../support/harness.ts';

const NDJSON = { 'content-type': 'application/x-ndjson' };
const answerOf = async (response: Response) => bulkSchema.parse(await response.json());

requires('redis').describe('POST /v1/renders/bulk', () => {
  test('a bulk call accepts ten thousand renders and answers them in order', async () => {
    const harness = await openHarness();
    const items = Array.from({ length: 10_000 }, (_, at) => ({ prompt: `image ${at}`, priority: 'batch' }));
    const response = await harness.bulk(items);
    expect(response.status).toBe(202);
    const answer = await answerOf(response);
    expect(answer).toMatchObject({ accepted: 10_000, duplicates: 0, rejected: 0 });
    expect(answer.items.every((item, at) => item.index === at && item.status === 202)).toBe(true);
    expect(new Set(answer.items.map((item) => ('render' in item ? item.render.id : ''))).size).toBe(10_000);
    expect(await harness.jobCount()).toBe(10_000);
  }, 60_000);

  test('a bulk call with keys that is sent twice makes nothing twice', async () => {
    const harness = await openHarness();
    const items = Array.from({ length: 600 }, (_, at) => ({ prompt: `p ${at}`, idempotency_key: `k${at}` }));
    expect(await answerOf(await harness.bulk({ renders: items }))).toMatchObject({
      accepted: 600,
      duplicates: 0,
    });
    expect(await answerOf(await harness.bulk(items))).toMatchObject({
      accepted: 0,
      duplicates: 600,
      rejected: 0,
    });
    expect(await harness.jobCount()).toBe(600);
  });

  test('a bulk call that is sent twice under one Idempotency-Key makes nothing twice: the key covers items by their position', async () => {
    const harness = await openHarness();
    const items = [{ prompt: 'a' }, { prompt: 'b' }, { prompt: 'c', idempotency_key: 'own' }];
    const key = { 'idempotency-key': 'catalogue-7' };
    const first = await answerOf(await harness.bulk(items, key));
    const second = await answerOf(await harness.bulk(items, key));
    const ids = ({ items }: typeof first) => items.map((item) => ('render' in item ? item.render.id : ''));
    expect(second).toMatchObject({ accepted: 0, duplicates: 3 });
    expect(ids(second)).toEqual(ids(first));
    const changed = await answerOf(await harness.bulk([{ prompt: 'changed' }, { prompt: 'b' }], key));
    expect(changed.items.map(({ status }) => status)).toEqual([409, 202]);
  });

  test('a bulk call with valid and invalid items answers each item separately: 207', async () => {
    const harness = await openHarness();
    await harness.post({ prompt: 'earlier' }, { 'idempotency-key': 'earlier' });
    const response = await harness.bulk([
      { prompt: 'fine' },
      { prompt: 'no', n: '1' },
      { prompt: 'earlier', idempotency_key: 'earlier' },
      { prompt: 'another', idempotency_key: 'earlier' },
      7,
      { prompt: 'twin', idempotency_key: 'twin' },
      { prompt: 'twin', idempotency_key: 'twin' },
      { prompt: 'no twin', idempotency_key: 'twin' },
    ]);
    expect(response.status).toBe(207);
    const { items, ...counts } = await answerOf(response);
    expect(counts).toEqual({ object: 'bulk', accepted: 2, duplicates: 2, rejected: 4 });
    expect(items.map(({ status }) => status)).toEqual([202, 422, 202, 409, 422, 202, 202, 409]);
    expect(items[1]).toMatchObject({ index: 1, error: { problems: [{ field: 'n' }] } });
    expect(items[5]).toMatchObject({ render: { duplicate: false } });
    expect(items[6]).toMatchObject({ render: { duplicate: true } });
    expect(await harness.jobCount()).toBe(3);
  });

  test('an invalid NDJSON line is reported by its number and affects no other line', async () => {
    const harness = await openHarness();
    const lines = Buffer.concat([
      Buffer.from('{"prompt":"one"}\r\n\n{"prompt":"two"\n'),
      Buffer.from('{"prompt":"caf\xe9"}\n', 'latin1'),
      Buffer.from('  \n{"prompt":"three"}'),
    ]);
    const response = await harness.bulk(lines, NDJSON);
    expect(response.status).toBe(207);
    const { items } = await answerOf(response);
    expect(items.map(({ index, line, status }) => [index, line, status])).toEqual([
      [0, 1, 202],
      [1, 3, 400],
      [2, 4, 400],
      [3, 6, 202],
    ]);
    expect(items[1]).toMatchObject({ error: { code: 'invalid_json' } });
    expect(items[2]).toMatchObject({ error: { code: 'invalid_utf8' } });
  });

  test.each([
    ['{"prompt":"x"}', 422],
    ['[]', 422],
    ['{"renders":5}', 422],
    ['"x"', 422],
    ['[{"prompt":"x"}', 400],
    ['', 400],
    [`[${'{},'.repeat(10_000)}{}]`, 422],
  ])('a bulk call answers %.20s as a whole with %d', async (body, status) => {
    const harness = await openHarness();
    const problem = await readProblem(await harness.bulk(body));
    expect(problem.status).toBe(status);
    expect(['body', 'renders']).toContain(problem.problems[0]?.field);
  });

  test('a bulk call reads only as many NDJSON lines as one JSON response holds, and reports where it stopped', async () => {
    const harness = await openHarness();
    const response = await harness.bulk('{"prompt":"x"}\n'.repeat(10_001), NDJSON);
    expect(response.status).toBe(207);
    const { items, ...summary } = await answerOf(response);
    expect(summary).toEqual({
      object: 'bulk',
      accepted: 10_000,
      duplicates: 0,
      rejected: 0,
      error: expect.objectContaining({
        status: 422,
        problems: [expect.objectContaining({ field: 'renders' })],
      }),
    });
    expect(items).toHaveLength(10_000);
    expect(await harness.jobCount()).toBe(10_000);
  }, 60_000);

  test('a bulk call rejects an NDJSON body without a render', async () => {
    const harness = await openHarness();
    expect(await readProblem(await harness.bulk('\n\n', NDJSON))).toMatchObject({ status: 422 });
    expect(await readProblem(await harness.bulk('', NDJSON))).toMatchObject({ status: 422 });
  });

  test('when the queue becomes unavailable during a bulk call, added renders stay and the others must be sent again', async () => {
    const harness = await openHarness({ wrap: (deps) => ({ ...deps, engine: failAfter(deps.engine, 2) }) });
    const items = Array.from({ length: 1_000 }, (_, at) => ({
      prompt: `p ${at}`,
      idempotency_key: `k${at}`,
    }));
    const response = await harness.bulk(items);
    expect(response.status).toBe(207);
    expect(response.headers.get('retry-after')).toBe('2');
    const answer = await answerOf(response);
    expect(answer).toMatchObject({ accepted: 500, rejected: 500 });
    expect(answer.items.slice(0, 500).every(({ status }) => status === 202)).toBe(true);
    expect(answer.items[500]).toMatchObject({
      status: 503,
      error: { code: 'queue_unavailable', render_id: expect.stringMatching(/^rnd_/) },
    });
    expect(answer.items[999]).toMatchObject({ status: 503, error: { code: 'queue_unavailable' } });
    expect(await harness.jobCount()).toBe(500);
  });

  test('a bulk call answers 503 as a whole when nothing could be added', async () => {
    const harness = await openHarness({ wrap: (deps) => ({ ...deps, engine: failAfter(deps.engine, 0) }) });
    const response = await harness.bulk([{ prompt: 'a' }, { prompt: 'b', n: 2 }]);
    expect(response.headers.get('retry-after')).toBe('2');
    expect(await readProblem(response)).toMatchObject({ status: 503, code: 'queue_unavailable' });
  });
});
