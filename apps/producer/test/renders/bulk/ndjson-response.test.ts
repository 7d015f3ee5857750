import { bulkSummarySchema } from '@darkroom/api';
import { createApiKey, type Role } from '@darkroom/shared/keys';
import { createLogger } from '@darkroom/shared/runtime';
import { cleanup, requires } from '@darkroom/testkit';
import { type FastifyBaseLogger, fastify } from 'fastify';
import { expect, test } from 'vitest';
import { registerOwnUrl } from '../../../src/http/index.ts';
import type { ItemResult } from '../../../src/intake/index.ts';
import { sendNdjsonResponse } from '../../../src/renders/bulk/ndjson-response.ts';
import { createBulkSummary } from '../../../src/renders/bulk/summary.ts';
import { NDJSON, renders, startBulk } from '../../support/bulk-call.ts';
import { failAfter } from '../../support/failing-engine.ts';
import { openHarness, readProblem } from '../../support/harness.ts';

/** A harness with one key, and its header. */
async function openWithKey(bodyBytes: number) {
  const { text, sha256 } = createApiKey();
  const roles: Role[] = ['enqueue'];
  const harness = await openHarness({
    settings: { API_KEYS: [{ tenant: 'shop', roles, sha256, bodyBytes }] },
  });
  return { harness, key: { authorization: `Bearer ${text}` } };
}

requires('redis').describe('a bulk call with an NDJSON response', () => {
  test('each item is answered while the rest is still to be sent, and the summary comes last', async () => {
    const harness = await openHarness();
    const call = startBulk(harness);
    await call.write('{"prompt":"one"}\n\n{"prompt":"two","n":2}\n');
    expect(await call.next()).toMatchObject({ index: 0, line: 1, status: 202, render: { status: 'queued' } });
    expect(await call.next()).toMatchObject({
      index: 1,
      line: 3,
      status: 422,
      error: { code: 'invalid_request', problems: [{ field: 'n' }] },
    });
    expect(await harness.jobCount()).toBe(1);
    const { statusCode, headers } = await call.response;
    expect([statusCode, headers['content-type']]).toEqual([200, 'application/x-ndjson; charset=utf-8']);

    // Half a line is no item yet.
    await call.write('{"prompt":');
    call.end('"three"}');
    expect(await call.rest()).toEqual({
      items: [expect.objectContaining({ index: 2, line: 4, status: 202 })],
      summary: { object: 'bulk', accepted: 2, duplicates: 0, rejected: 1 },
    });
    expect(await harness.jobCount()).toBe(2);
  });

  test('a bulk call accepts ten thousand lines and reports invalid ones by their line', async () => {
    const harness = await openHarness();
    const lines = renders(10_000).map((line) => Buffer.from(line));
    lines.splice(16, 0, Buffer.from('{"prompt":"no end\n'));
    lines.splice(4_999, 0, Buffer.from('{"prompt":7}\n'));
    lines.push(Buffer.from('{"prompt":"caf\xe9"}\n', 'latin1'));
    const call = startBulk(harness);
    for (const line of lines) await call.write(line);
    call.end();
    const { items, summary } = await call.rest();
    expect(summary).toEqual({ object: 'bulk', accepted: 10_000, duplicates: 0, rejected: 3 });
    expect(items.every(({ index, line }, at) => index === at && line === at + 1)).toBe(true);
    expect(items.flatMap((item) => ('error' in item ? [[item.line, item.error.code]] : []))).toEqual([
      [17, 'invalid_json'],
      [5_000, 'invalid_request'],
      [10_003, 'invalid_utf8'],
    ]);
    expect(await harness.jobCount()).toBe(10_000);
  }, 60_000);

  test('a syntax error names its column, and the result names the line of the body', async () => {
    const harness = await openHarness();
    const call = startBulk(harness);
    call.end('{"prompt":"x"}\n{"prompt":}\n');
    const { items } = await call.rest();
    expect(items[1]).toMatchObject({
      line: 2,
      error: {
        detail: 'The line is not JSON: see column 11.',
        problems: [{ field: 'line', received: '"}" at column 11' }],
      },
    });
  });

  test('an NDJSON response has no maximum number of items', async () => {
    const harness = await openHarness();
    const call = startBulk(harness);
    call.end('7\n'.repeat(10_001));
    const { items, summary } = await call.rest();
    expect(items).toHaveLength(10_001);
    expect(summary).toEqual({ object: 'bulk', accepted: 0, duplicates: 0, rejected: 10_001 });
  }, 60_000);

  test('a line that is too long is rejected, and reading continues', async () => {
    const harness = await openHarness({ settings: { MAX_BODY_BYTES: 2_000 } });
    const lines = [{ prompt: 'a' }, { prompt: 'b', metadata: { x: 'y'.repeat(2_000) } }, { prompt: 'c' }];
    const body = lines
      .map((line) => `${JSON.stringify(line)}\n`)
      .join('')
      .repeat(3);
    const call = startBulk(harness);
    call.end(body);
    const { items, summary } = await call.rest();
    expect(items.map(({ line, status }) => [line, status])).toEqual(
      [202, 413, 202, 202, 413, 202, 202, 413, 202].map((status, at) => [at + 1, status]),
    );
    expect(items[1]).toMatchObject({ error: { code: 'body_too_large', problems: [{ field: 'line' }] } });
    expect(summary).toMatchObject({ accepted: 6, rejected: 3 });
  });

  test('a body above the limit of its key ends the call: earlier answers stay valid, and the summary says why', async () => {
    const { harness, key } = await openWithKey(100_000);
    const call = startBulk(harness, key);
    await call.write('{"prompt":"first"}\n');
    expect(await call.next()).toMatchObject({ index: 0, status: 202 });
    // The write is not awaited: the producer does not read this much.
    call.write(`{"prompt":"large","metadata":{"x":"${'y'.repeat(200_000)}"}}\n`).catch(() => undefined);
    expect(await call.rest()).toEqual({
      items: [],
      summary: {
        object: 'bulk',
        accepted: 1,
        duplicates: 0,
        rejected: 0,
        error: expect.objectContaining({ status: 413, code: 'body_too_large' }),
      },
    });
    expect(await harness.jobCount()).toBe(1);

    const announced = await harness.bulk('x'.repeat(100_001), { ...NDJSON, ...key });
    expect(await readProblem(announced)).toMatchObject({ status: 413, code: 'body_too_large' });
    const nothing = startBulk(harness, key);
    nothing.write('x'.repeat(100_001)).catch(() => undefined);
    const found = await nothing.response;
    expect([found.statusCode, found.headers['content-type']]).toEqual([
      413,
      'application/problem+json; charset=utf-8',
    ]);
  });

  test('when the queue becomes unavailable, added renders stay and each of the others must be sent again', async () => {
    const harness = await openHarness({ wrap: (deps) => ({ ...deps, engine: failAfter(deps.engine, 2) }) });
    const call = startBulk(harness);
    await call.write('{"prompt":"a"}\n');
    expect(await call.next()).toMatchObject({ status: 202 });
    await call.write('{"prompt":"b"}\n');
    expect(await call.next()).toMatchObject({ status: 202 });
    await call.write('{"prompt":"c"}\n');
    expect(await call.next()).toMatchObject({ status: 503, error: { render_id: expect.any(String) } });
    call.end('{"prompt":"d"}\n{"prompt":7}\n');
    const { items, summary } = await call.rest();
    expect(items.map(({ status }) => status)).toEqual([503, 503]);
    expect(items[0]).toMatchObject({ error: { code: 'queue_unavailable' } });
    expect(summary).toEqual({ object: 'bulk', accepted: 2, duplicates: 0, rejected: 3 });
    expect(await harness.jobCount()).toBe(2);
  });

  test('an unexpected error ends the call with a summary that reports it', async () => {
    const app = fastify({
      loggerInstance: createLogger({ name: 'test', level: 'silent' }) as FastifyBaseLogger,
    });
    registerOwnUrl(app, undefined);
    const counts: unknown[] = [];
    const deps = { recordIntake: (...counted: unknown[]) => void counts.push(counted) };
    app.post('/bulk', (request, reply) => {
      const summary = createBulkSummary(deps, request, { tenant: 'default', streamed: true });
      const results = async function* (): AsyncGenerator<ItemResult[]> {
        const accepted = { renderId: `rnd_${'0'.repeat(32)}`, createdAt: 0, progress: 0, duplicate: false };
        const batch: ItemResult[] = [{ index: 0, accepted: { ...accepted, status: 'queued' } }];
        summary.add(batch);
        yield batch;
        throw new TypeError('a bug with a secret');
      };
      return sendNdjsonResponse(request, reply, results(), summary);
    });
    cleanup(() => app.close());
    const { body, statusCode } = await app.inject({ method: 'POST', url: '/bulk', payload: {} });
    const [item, sum] = body.trimEnd().split('\n');
    expect([statusCode, JSON.parse(item ?? '')]).toEqual([200, expect.objectContaining({ status: 202 })]);
    expect(bulkSummarySchema.parse(JSON.parse(sum ?? ''))).toMatchObject({
      accepted: 1,
      error: { status: 500, code: 'internal_error' },
    });
    expect(body).not.toContain('secret');
    expect(counts).toEqual([['accepted', 'default', 1]]);
  });

  test('a bulk call without items is rejected as a whole', async () => {
    const harness = await openHarness();
    for (const [body, headers, status] of [
      ['', NDJSON, 422],
      ['\n \n', NDJSON, 422],
      ['{"prompt":"x"}', { ...NDJSON, 'idempotency-key': 'a b' }, 400],
      ['{"prompt":"x"}', { ...NDJSON, 'content-type': 'text/csv' }, 415],
      ['7', { ...NDJSON, 'content-type': 'application/json' }, 422],
    ] as const) {
      expect((await readProblem(await harness.bulk(body, headers))).status).toBe(status);
    }
    expect(await harness.jobCount()).toBe(0);
  });

  test('the request may be a JSON array, and an NDJSON response needs an Accept header', async () => {
    const harness = await openHarness();
    const ask = async (accept: string) =>
      (await harness.bulk([{ prompt: 'a' }, { prompt: 'b' }], { accept })).text();
    const lines = (await ask('application/x-ndjson')).trimEnd().split('\n');
    expect(lines.map((line) => JSON.parse(line))).toEqual([
      expect.objectContaining({ index: 0, status: 202 }),
      expect.objectContaining({ index: 1, status: 202 }),
      { object: 'bulk', accepted: 2, duplicates: 0, rejected: 0 },
    ]);
    expect(lines[0]).not.toContain('"line"');
    for (const accept of ['*/*', 'application/json', 'application/json, application/x-ndjson;q=0.5']) {
      expect(JSON.parse(await ask(accept))).toMatchObject({ accepted: 2, items: [{}, {}] });
    }
    for (const accept of ['application/json, application/x-ndjson', 'text/html, application/ndjson;q=0.1']) {
      expect((await ask(accept)).trimEnd().split('\n')).toHaveLength(3);
    }
  });
});
