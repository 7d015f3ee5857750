import { type BatchResponse, batchListSchema, batchSchema } from '@darkroom/api';
import { BatchStore } from '@darkroom/shared/batches';
import { createOwnRedis, requires, withOwnRedis } from '@darkroom/testkit';
import { beforeAll, expect, test } from 'vitest';
import { type Harness, openHarness } from '../support/harness.ts';

const LINE = { custom_id: 'mug', method: 'POST', url: '/v1/images/generations', body: { prompt: 'a mug' } };

withOwnRedis('a batch is created while the queue is away', async () => {
  const redis = await createOwnRedis();
  await redis.start();
  const { url, get } = await openHarness({ queueUrl: redis.url });
  const form = new FormData();
  form.set('purpose', 'batch');
  form.set('file', new Blob([JSON.stringify(LINE)]), 'batch.jsonl');
  const file = (await (await fetch(`${url}/v1/files`, { method: 'POST', body: form })).json()) as {
    id: string;
  };
  await redis.kill();
  const response = await fetch(`${url}/v1/batches`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ input_file_id: file.id, endpoint: LINE.url, completion_window: '24h' }),
  });
  expect(response.status).toBe(200);
  const { id } = batchSchema.parse(await response.json());
  expect((await get(`/v1/batches/${id}`)).status).toBe(200);
});

requires('redis').describe('creating a batch', () => {
  let harness: Harness;

  beforeAll(async () => {
    harness = await openHarness();
  });

  const upload = async (): Promise<string> => {
    const form = new FormData();
    form.set('purpose', 'batch');
    form.set('file', new Blob([JSON.stringify(LINE)]), 'batch.jsonl');
    const response = await fetch(`${harness.url}/v1/files`, { method: 'POST', body: form });
    return ((await response.json()) as { id: string }).id;
  };
  const post = (path: string, body: object = {}, headers: Record<string, string> = {}) =>
    fetch(`${harness.url}${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify(body),
    });
  const create = async (file: string, more: object = {}, headers = {}): Promise<BatchResponse> => {
    const wanted = { input_file_id: file, endpoint: LINE.url, completion_window: '24h', ...more };
    const response = await post('/v1/batches', wanted, headers);
    expect(response.status).toBe(200);
    return batchSchema.parse(await response.json());
  };

  test('repeated without an idempotency key returns the same batch, also at the same moment, and also after its file was deleted', async () => {
    const file = await upload();
    const first = await create(file, { metadata: { shop: 'a', night: '1' } });
    const same = { metadata: { night: '1', shop: 'a' } };
    const others = await Promise.all(Array.from({ length: 4 }, () => create(file, same)));
    await fetch(`${harness.url}/v1/files/${file}`, { method: 'DELETE' });
    others.push(await create(file, same));
    expect(new Set(others.map(({ id }) => id))).toEqual(new Set([first.id]));
    const listed = batchListSchema.parse(await (await harness.get('/v1/batches')).json());
    expect(listed.data.filter((batch) => batch.input_file_id === file)).toHaveLength(1);
  });

  test('with a key, or with another wish or file, is another batch', async () => {
    const file = await upload();
    const batches = [
      await create(file),
      await create(file, { completion_window: '2h' }),
      await create(file, { metadata: { night: '2' } }),
      await create(file, {}, { 'idempotency-key': 'again' }),
      await create(file, {}, { 'idempotency-key': 'again-2' }),
      await create(await upload()),
    ];
    expect(new Set(batches.map(({ id }) => id)).size).toBe(batches.length);
  });

  test.each(['cancelled', 'failed', 'expired'] as const)(
    'again after the first one is %s is a new batch, and after it is completed it is not',
    async (status) => {
      const file = await upload();
      const store = new BatchStore(harness.store);
      const end = async ({ id }: BatchResponse, as: typeof status | 'completed') => {
        const batch = { tenant: 'default', id };
        if (as === 'cancelled') expect((await post(`/v1/batches/${id}/cancel`)).status).toBe(200);
        else await store.writeEnd(batch, { status: as, finalizingAt: 1, endedAt: 2 });
      };
      const first = await create(file);
      await end(first, status);
      const second = await create(file);
      expect(second.id).not.toBe(first.id);
      expect((await create(file)).id).toBe(second.id);
      await end(second, 'completed');
      expect((await create(file)).id).toBe(second.id);
    },
  );

  test('with the key of a batch and other fields is a conflict', async () => {
    const file = await upload();
    const headers = { 'idempotency-key': 'conflict' };
    await create(file, {}, headers);
    const other = { input_file_id: file, endpoint: '/v1/renders', completion_window: '2h' };
    const response = await post('/v1/batches', other, headers);
    expect([response.status, await response.json()]).toMatchObject([
      409,
      { code: 'batch_conflict', problems: [{ field: 'endpoint' }, { field: 'completion_window' }] },
    ]);
  });

  test('lists a line without an image only after the batch has ended', async () => {
    const store = new BatchStore(harness.store);
    const { id } = await create(await upload());
    const batch = { tenant: 'default', id };
    const request = { model: 'gemini-3-pro-image-preview', prompt: 'a mug', resolution: '1K' as const };
    await store.writePart(batch, 0, [{ custom_id: 'mug', line: 1, request: request as never }]);
    await store.writeCheck(batch, { at: 1, lines: 1, parts: 1, problems: { count: 0, listed: [] } });
    const readErrors = async () => (await harness.get(`/v1/batches/${id}/errors`)).text();
    expect(await readErrors()).toBe('');
    await store.writeEnd(batch, { status: 'expired', finalizingAt: 2, endedAt: 3 });
    expect(JSON.parse(await readErrors())).toMatchObject({
      custom_id: 'mug',
      error: { code: 'batch_expired' },
    });
  });

  test('has a run that no caller can create first, or add renders to', async () => {
    const { id } = await create(await upload());
    const problem = async (response: Response) => [response.status, await response.json()];
    expect(await problem(await post('/v1/runs', { id }))).toMatchObject([
      422,
      { problems: [{ field: 'id', expected: expect.stringContaining('the run of a batch') }] },
    ]);
    const render = { prompt: 'a mug', run: id };
    expect(await problem(await harness.post(render))).toMatchObject([
      422,
      { problems: [{ field: 'run', expected: expect.stringContaining('only the lines of a batch') }] },
    ]);
    expect((await post('/v1/runs', { id: 'batch_2026' })).status).toBe(201);
  });
});
