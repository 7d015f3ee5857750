import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { JobRequest } from '@darkroom/shared/render';
import { cleanup, freePort } from '@darkroom/testkit';
import { describe, expect, test } from 'vitest';
import { openToapis } from '../src/toapis/index.ts';
import { parseBalance, parsePoll, parseSubmit } from '../src/toapis/parse.ts';
import { createSubmissionBody } from '../src/toapis/submission.ts';

const NOW = 1_700_000_000_000;
const minimal: JobRequest = {
  model: 'gemini-3-pro-image-preview',
  prompt: 'p',
  resolution: '1K',
  images: [],
  priority: 'batch',
};
const reply = (status: number, body: unknown, headers: Record<string, string> = {}) => ({
  status,
  headers,
  body: typeof body === 'string' ? body : JSON.stringify(body),
});
const error = (code: string | number, message: string, type = '') => ({ error: { code, message, type } });

describe('the response to a submission', () => {
  test.for<[string, ReturnType<typeof reply>, object]>([
    ['a task', reply(200, { id: 'task_1', status: 'queued' }), { kind: 'accepted', taskId: 'task_1' }],
    [
      '429',
      reply(429, error('rate_limit_exceeded', 'slow'), { 'retry-after': '7' }),
      { kind: 'rate_limited', retryAfterMs: 7000 },
    ],
    [
      '429 with a date',
      reply(429, '', { 'retry-after': new Date(NOW + 5000).toUTCString() }),
      { kind: 'rate_limited', retryAfterMs: 5000 },
    ],
    [
      '503 rate limit',
      reply(503, error('rate_limit_unavailable', 'x')),
      { kind: 'rate_limited', retryAfterMs: 2000 },
    ],
    ['503 no channel', reply(503, error(503, 'no available channel')), { kind: 'not_bought' }],
    ['503 page', reply(503, '<html>'), { kind: 'unknown' }],
    [
      '400',
      reply(400, error(400, 'n must be a number', 'invalid_request')),
      { kind: 'refused', code: 'invalid_request' },
    ],
    [
      '400 for content, in Chinese',
      reply(400, { message: '内容违规' }),
      { kind: 'refused', code: 'content_policy_violation' },
    ],
    [
      '422',
      reply(422, error('content_policy_violation', 'no')),
      { kind: 'refused', code: 'content_policy_violation' },
    ],
    ['401', reply(401, error('unauthorized', 'bad key')), { kind: 'account', reason: 'unauthorized' }],
    [
      '402',
      reply(402, error('insufficient_quota', 'empty')),
      { kind: 'account', reason: 'insufficient_quota' },
    ],
    ['404 in the envelope', reply(404, error(404, 'no such route')), { kind: 'not_bought' }],
    ['429 page', reply(429, '<html>'), { kind: 'rate_limited' }],
    ...[400, 401, 402, 403, 404, 408, 409, 413, 415, 422, 425, 499, 503].flatMap(
      (status): [string, ReturnType<typeof reply>, object][] => [
        [`${status} page`, reply(status, '<html>'), { kind: 'unknown' }],
        [`${status} of a gateway in JSON`, reply(status, { message: 'no route' }), { kind: 'unknown' }],
        [`${status} with a plain error`, reply(status, { error: 'Forbidden' }), { kind: 'unknown' }],
      ],
    ),
    ["200 with a gateway's own id", reply(200, { id: 'req-1' }), { kind: 'unknown' }],
    ['500 in JSON', reply(500, error('internal_error', 'oops')), { kind: 'unknown' }],
    ['502 page', reply(502, '<html>'), { kind: 'unknown' }],
    ['200 without an id', reply(200, { status: 'queued' }), { kind: 'unknown' }],
    ['200 with half a document', reply(200, '{"id":"task_'), { kind: 'unknown' }],
    ['200 with success false', reply(200, { success: false, message: 'x' }), { kind: 'unknown' }],
  ])('%s', ([, answer, meaning]) => {
    expect(parseSubmit(answer, NOW)).toMatchObject(meaning);
  });
});

describe('the response to a poll', () => {
  const done = {
    id: 'x',
    status: 'completed',
    expires_at: 1_700_086_400,
    result: { data: [{ url: 'https://files.toapis.com/a.jpg' }] },
  };
  test.for<[string, ReturnType<typeof reply>, object]>([
    [
      'completed',
      reply(200, done),
      { kind: 'completed', url: 'https://files.toapis.com/a.jpg', expiresAt: 1_700_086_400_000 },
    ],
    [
      'completed with a top-level url',
      reply(200, { status: 'completed', url: 'https://files.toapis.cn/b.png' }),
      { kind: 'completed', url: 'https://files.toapis.cn/b.png' },
    ],
    ['completed without any url', reply(200, { status: 'completed' }), { kind: 'unreadable' }],
    [
      'in progress',
      reply(200, { status: 'in_progress', progress: 40 }),
      { kind: 'pending', isKnownStatus: true, progress: 40 },
    ],
    ['submitted', reply(200, { status: 'submitted' }), { kind: 'pending', isKnownStatus: true }],
    [
      'an undocumented status',
      reply(200, { status: 'reviewing' }),
      { kind: 'pending', isKnownStatus: false },
    ],
    [
      'failed',
      reply(200, { status: 'failed', error: { code: 'generation_failed', message: 'boom' } }),
      { kind: 'failed', content: false },
    ],
    [
      'failed for its content',
      reply(200, {
        status: 'failed',
        error: {
          code: 'generation_failed',
          message: 'call upstream API failed: upstream returned status 422',
        },
      }),
      { kind: 'failed', content: true },
    ],
    ['404', reply(404, error(404, 'Task not found', 'not_found_error')), { kind: 'missing' }],
    ['missing in other words', reply(400, { message: 'task_not_exist' }), { kind: 'missing' }],
    ['404 page', reply(404, '<html>'), { kind: 'unreadable' }],
    ['404 of a gateway in JSON', reply(404, { message: 'no route' }), { kind: 'unreadable' }],
    ['failed in a form of another sender', reply(200, { status: 'failed' }), { kind: 'unreadable' }],
    ['429', reply(429, '', { 'retry-after': '3' }), { kind: 'rate_limited', retryAfterMs: 3000 }],
    ['500', reply(500, {}), { kind: 'unreadable' }],
    ['a page', reply(200, '<html>'), { kind: 'unreadable' }],
    ['half a document', reply(200, '{"status":"comp'), { kind: 'unreadable' }],
  ])('%s', ([, answer, meaning]) => {
    expect(parsePoll(answer, NOW)).toMatchObject(meaning);
  });
});

test('a balance counts as usable when it is unlimited or above zero', () => {
  const balance = (body: object, status = 200) => parseBalance(reply(status, body)).kind;
  expect(balance({ success: true, remain_balance: 1.5 })).toBe('usable');
  expect(balance({ success: true, remain_balance: -1, unlimited_quota: true })).toBe('usable');
  expect(balance({ success: true, remain_balance: 0 })).toBe('empty');
  expect(balance({ success: false, message: 'x' })).toBe('unreadable');
  expect(balance(error('unauthorized', 'bad key'), 401)).toBe('unauthorized');
  expect(balance({}, 401)).toBe('unreadable');
  expect(balance({}, 402)).toBe('unreadable');
});

test('a submission has its resolution in both places, n as a number, and the render id', () => {
  const body = createSubmissionBody({
    renderId: 'rnd_1',
    request: { ...minimal, size: '9:16', resolution: '2K' },
    inputs: { imageUrls: ['https://a/b.png'] },
  });
  expect(body).toEqual({
    model: 'gemini-3-pro-image-preview',
    prompt: 'p',
    n: 1,
    size: '9:16',
    resolution: '2K',
    metadata: { resolution: '2K', orientation: 'portrait' },
    image_urls: [{ url: 'https://a/b.png' }],
    client_business_id: 'rnd_1',
  });
});

describe('connections', () => {
  const submission = { renderId: 'rnd_1', request: minimal, inputs: { imageUrls: [] } };
  const open = (baseUrl: string, submitTimeoutMs = 20_000) => {
    const provider = openToapis({
      baseUrl,
      apiKey: 'k',
      submitTimeoutMs,
      quota: { submitsPerSecond: 5, pollsPerSecond: 50 },
      priceMicros: () => 25_000,
      now: () => NOW,
    });
    cleanup(() => provider.close());
    return provider;
  };
  const listening = async (server: Server) => {
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    cleanup(() => new Promise<void>((done) => server.close(() => done())));
    return (server.address() as AddressInfo).port;
  };

  test('a provider that cannot be connected to sells nothing: refused, unknown host, no TLS', async () => {
    const plain = await listening(createServer());
    const closed = await freePort();
    for (const url of [
      `http://127.0.0.1:${closed}`,
      // Longer than a name may be: no resolver has to be asked.
      `http://${'x'.repeat(64)}.invalid`,
      `https://127.0.0.1:${plain}`,
    ]) {
      expect(await open(url).submit(submission), url).toMatchObject({ kind: 'not_bought' });
    }
  });

  test('a response that is lost after sending makes the outcome unknown: cut, and silence', async () => {
    const cut = await listening(createServer((request) => request.socket.destroy()));
    expect(await open(`http://127.0.0.1:${cut}`).submit(submission)).toMatchObject({ kind: 'unknown' });
    const silent = createServer(() => undefined);
    const port = await listening(silent);
    expect(await open(`http://127.0.0.1:${port}`, 500).submit(submission)).toMatchObject({ kind: 'unknown' });
    silent.closeAllConnections();
  });

  const startAnswering = async (status: number, body: string) => {
    const server = createServer((_request, response) => void response.writeHead(status).end(body));
    return open(`http://127.0.0.1:${await listening(server)}`);
  };
  const { signal } = new AbortController();

  test('the provider is proven by its balance, or by its own error, and not by a page', async () => {
    const balance = JSON.stringify({ success: true, remain_balance: 0 });
    expect(await (await startAnswering(200, balance)).prove(signal)).toEqual({ kind: 'proven' });
    const missing = JSON.stringify(error(404, 'Task not found', 'not_found_error'));
    expect(await (await startAnswering(404, missing)).prove(signal)).toEqual({ kind: 'proven' });
    const badKey = JSON.stringify(error('unauthorized', 'bad key'));
    expect(await (await startAnswering(401, badKey)).prove(signal)).toEqual({ kind: 'proven' });
    for (const status of [200, 401, 403, 404, 502]) {
      const page = await startAnswering(status, '<html>welcome</html>');
      expect(await page.prove(signal)).toMatchObject({ kind: 'unproven' });
    }
    const closed = open(`http://127.0.0.1:${await freePort()}`);
    expect(await closed.prove(signal)).toMatchObject({ kind: 'not_bought' });
  });

  test('every submission has its own connection: none is sent into one that the server is closing', async () => {
    const ports = new Set<number>();
    const server = createServer((request, response) => {
      ports.add(request.socket.remotePort ?? 0);
      response.setHeader('connection', 'keep-alive').end(JSON.stringify({ id: 't', status: 'queued' }));
    });
    const provider = open(`http://127.0.0.1:${await listening(server)}`);
    for (let sent = 0; sent < 3; sent += 1) await provider.submit(submission);
    expect(ports.size).toBe(3);
  });
});
