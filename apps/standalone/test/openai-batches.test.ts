import { batchResultSchema } from '@darkroom/api';
import { createApiKey } from '@darkroom/shared/keys';
import { until } from '@darkroom/testkit';
import OpenAI, { toFile } from 'openai';
import { beforeAll, describe, expect, test } from 'vitest';
import type { RunningDarkroom } from '../src/compose.ts';
import { openDarkroom } from './support/open-darkroom.ts';

const line = (customId: string, body: object = {}, url = '/v1/images/generations') =>
  JSON.stringify({ custom_id: customId, method: 'POST', url, body: { prompt: `a ${customId}`, ...body } });

/** The provider refuses it. */
const REFUSED = line('refused', { prompt: 'anything [[sim:refuse_content]]' });

describe('the npm client of OpenAI with another base URL', () => {
  let darkroom: RunningDarkroom;
  let client: OpenAI;

  beforeAll(async () => {
    const { sha256 } = createApiKey();
    darkroom = await openDarkroom({ API_KEYS: [{ tenant: 'shop', roles: ['operate'], sha256 }] });
    const apiKey = darkroom.apiKey ?? '';
    client = new OpenAI({ apiKey, baseURL: `${darkroom.producer.url}/v1`, maxRetries: 0 });
  });

  const upload = async (lines: string[], end = '\n') =>
    await client.files.create({
      file: await toFile(Buffer.from(lines.map((text) => text + end).join('')), 'batch.jsonl'),
      purpose: 'batch',
    });
  const create = (inputFileId: string, options?: OpenAI.RequestOptions) =>
    client.batches.create(
      { input_file_id: inputFileId, endpoint: '/v1/images/generations', completion_window: '24h' },
      options,
    );
  const waitFor = async (id: string) => {
    let batch = await client.batches.retrieve(id);
    await until(
      async () => {
        batch = await client.batches.retrieve(id);
        return ['completed', 'failed', 'expired', 'cancelled'].includes(batch.status);
      },
      { timeout: 60_000, what: `the batch ${id} has ended` },
    );
    return batch;
  };
  const readResults = async (fileId: string) =>
    (await (await client.files.content(fileId)).text())
      .split('\n')
      .filter(Boolean)
      .map((text) => batchResultSchema.parse(JSON.parse(text)));

  test('uploads a file, creates, retrieves and lists a batch, and downloads its output and errors', async () => {
    const last = 'a tall vase';
    const lines = [line('mug', { size: '1024x1024', n: 1 }), line('bowl'), line(last), REFUSED];
    const file = await upload([`\uFEFF${lines[0]}`, ...lines.slice(1)], '\r\n');
    expect(file).toMatchObject({ object: 'file', purpose: 'batch', filename: 'batch.jsonl' });
    const options = { headers: { 'Idempotency-Key': 'night-1' } };
    const batch = await create(file.id, options);
    expect((await create(file.id, options)).id).toBe(batch.id);
    expect(batch).toMatchObject({ status: 'validating', input_file_id: file.id, output_file_id: null });
    const ended = await waitFor(batch.id);
    expect(ended).toMatchObject({
      status: 'completed',
      errors: null,
      request_counts: { total: 4, completed: 3, failed: 1 },
    });
    const [error, ...others] = await readResults(ended.error_file_id ?? '');
    expect(others).toEqual([]);
    expect(error).toMatchObject({ custom_id: 'refused', response: null });
    expect(error?.error?.code).toBe('content_policy_violation');
    const results = await readResults(ended.output_file_id ?? '');
    expect(results.map(({ custom_id }) => custom_id)).toEqual(['mug', 'bowl', last]);
    for (const { custom_id: customId, render_id: renderId, response } of results) {
      const body = response?.body as unknown as OpenAI.ImagesResponse & { id: string };
      expect(body.id).toBe(renderId);
      // The link works without a key, and the image is that of this line.
      expect((await fetch(body.data?.[0]?.url ?? '')).headers.get('content-type')).toMatch(/^image\//);
      const bought = darkroom.simulator?.book.byBusinessId(renderId) ?? [];
      expect(bought.map(({ prompt }) => prompt)).toEqual([`a ${customId}`]);
    }
    const listed: string[] = [];
    for await (const one of client.batches.list({ limit: 1 })) listed.push(one.id);
    expect(listed).toEqual([batch.id]);
    const files: string[] = [];
    for await (const one of client.files.list({ purpose: 'batch' })) files.push(one.id);
    expect(files).toEqual([file.id]);
    expect(await client.files.retrieve(file.id)).toEqual(file);
  }, 90_000);

  test('creates one batch when the response to its call was lost: it calls again, and nothing is bought twice', async () => {
    let lost = 0;
    const losing = new OpenAI({
      apiKey: darkroom.apiKey ?? '',
      baseURL: `${darkroom.producer.url}/v1`,
      fetch: async (url, init) => {
        const response = await fetch(url as string, init);
        if (lost > 0 || !String(url).endsWith('/batches')) return response;
        lost += 1;
        await response.text();
        throw new TypeError('fetch failed');
      },
    });
    const before = darkroom.simulator?.book.totals().tasks ?? 0;
    const file = await upload([line('lamp'), line('sofa')]);
    const batch = await losing.batches.create({
      input_file_id: file.id,
      endpoint: '/v1/images/generations',
      completion_window: '24h',
    });
    expect(lost).toBe(1);
    expect((await waitFor(batch.id)).request_counts).toEqual({ total: 2, completed: 2, failed: 0 });
    const created: string[] = [];
    for await (const one of client.batches.list()) if (one.input_file_id === file.id) created.push(one.id);
    expect(created).toEqual([batch.id]);
    expect(darkroom.simulator?.book.totals().tasks).toBe(before + 2);
  }, 60_000);

  test('learns from a failed batch which lines are wrong, and nothing is bought', async () => {
    const before = darkroom.simulator?.book.totals().tasks;
    const file = await upload([
      line('one'),
      '{"custom_id": }',
      line('one'),
      line('two', { background: 'x' }),
    ]);
    const ended = await waitFor((await create(file.id)).id);
    expect(ended).toMatchObject({ status: 'failed', output_file_id: null, error_file_id: null });
    expect(ended.errors?.data?.map(({ line: at, code, param }) => [at, code, param])).toEqual([
      [2, 'invalid_json_line', null],
      [3, 'duplicate_custom_id', 'custom_id'],
      [4, 'invalid_request', 'body.background'],
    ]);
    expect(darkroom.simulator?.book.totals().tasks).toBe(before);
  });

  test('cancels a batch, which buys nothing more, and downloads what was bought', async () => {
    const file = await upload(Array.from({ length: 40 }, (_, index) => line(`cup-${index}`)));
    const batch = await create(file.id);
    await until(async () => ((await client.batches.retrieve(batch.id)).request_counts?.completed ?? 0) > 0, {
      timeout: 30_000,
      every: 20,
    });
    // Partial results, before the end.
    const partial = await fetch(`${darkroom.producer.url}/v1/batches/${batch.id}/output`, {
      headers: { authorization: `Bearer ${darkroom.apiKey}` },
    });
    expect((await partial.text()).split('\n').length).toBeGreaterThan(1);
    const canceled = await client.batches.cancel(batch.id);
    expect(['cancelling', 'cancelled']).toContain(canceled.status);
    const ended = await waitFor(batch.id);
    expect(ended.status).toBe('cancelled');
    const { total, completed, failed } = ended.request_counts ?? { total: 0, completed: 0, failed: 0 };
    expect([total, completed + failed]).toEqual([40, 40]);
    const output = ended.output_file_id ? await readResults(ended.output_file_id) : [];
    const errors = ended.error_file_id ? await readResults(ended.error_file_id) : [];
    expect([output.length, errors.length]).toEqual([completed, failed]);
    for (const { error } of errors) expect(error?.code).toBe('batch_cancelled');
    const ids = [...output, ...errors].map(({ custom_id: customId }) => customId);
    expect(new Set(ids).size).toBe(40);
  }, 60_000);

  test('shows the message of a problem, with its code and field', async () => {
    await expect(client.batches.retrieve('batch_none')).rejects.toMatchObject({
      status: 404,
      code: 'batch_not_found',
      message: '404 There is no batch with this id.',
    });
    const file = await upload([line('one')]);
    const wrong = {
      input_file_id: file.id,
      endpoint: '/v1/chat/completions',
      completion_window: '24h',
    } as const;
    await expect(client.batches.create(wrong)).rejects.toMatchObject({ status: 422, param: 'endpoint' });
    const other = new OpenAI({ apiKey: 'dk_wrong', baseURL: `${darkroom.producer.url}/v1`, maxRetries: 0 });
    await expect(other.files.list()).rejects.toThrow('401 This API key is unknown.');
  });
});
