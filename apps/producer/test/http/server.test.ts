import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { createApiKey } from '@darkroom/shared/keys';
import { latch, requires } from '@darkroom/testkit';
import { expect, test } from 'vitest';
import { openHarness, readProblem } from '../support/harness.ts';

/** What a server answers to bytes that no HTTP client would send. */
async function raw(url: string, bytes: string): Promise<string> {
  const { port } = new URL(url);
  const socket = connect(Number(port), '127.0.0.1');
  // No end: Node drops what is half closed. Each answer asked for here closes the connection.
  socket.write(bytes);
  return await text(socket);
}

requires('redis').describe('the HTTP server', () => {
  test.each([
    ['GET', '/nothing', 404, 'not_found'],
    ['GET', '/v1', 404, 'not_found'],
    ['POST', '/v1/renders/a/b', 404, 'not_found'],
    ['POST', '/v1/renders/', 422, 'invalid_request'],
    ['PUT', '/v1/renders', 405, 'method_not_allowed'],
    ['GET', '/v1/renders/bulk', 405, 'method_not_allowed'],
    ['DELETE', '/v1/renders/rnd_0123456789abcdef0123456789abcdef', 405, 'method_not_allowed'],
    ['POST', '/v1/renders/rnd_0123456789abcdef0123456789abcdef', 405, 'method_not_allowed'],
    ['POST', '/healthz', 405, 'method_not_allowed'],
    ['OPTIONS', '/v1/renders', 405, 'method_not_allowed'],
    ['GET', '/%', 400, 'bad_request'],
    ['GET', '/v1/renders/%ff', 400, 'bad_request'],
  ])('the server answers %s %s with %d', async (method, path, status, code) => {
    const harness = await openHarness();
    const body = method === 'GET' ? {} : { body: '{}', headers: { 'content-type': 'application/json' } };
    const response = await fetch(harness.url + path, { method, ...body });
    expect(await readProblem(response)).toMatchObject({ status, code });
    if (status === 405) expect(response.headers.get('allow')).toMatch(/GET|POST/);
  });

  test.each([
    ['text/plain', {}],
    ['application/xml', {}],
    ['application/x-ndjson', {}],
    ['application/json; charset=utf-16', {}],
    ['application/json', { 'content-encoding': 'gzip' }],
    ['multipart/form-data; boundary=x', {}],
  ])('the server answers 415 to a body of type %s with %o', async (type, more) => {
    const harness = await openHarness();
    const problem = await readProblem(
      await harness.post('{"prompt":"x"}', { 'content-type': type, ...more }),
    );
    expect(problem).toMatchObject({ status: 415, problems: [{ field: 'Content-Type' }] });
    expect(await harness.jobCount()).toBe(0);
  });

  test.each(['application/json', 'application/json; charset=utf-8', 'Application/JSON;charset="UTF-8"'])(
    'the server accepts a body of type %s',
    async (type) => {
      const harness = await openHarness();
      expect((await harness.post({ prompt: 'x' }, { 'content-type': type })).status).toBe(202);
    },
  );

  test('the server answers 413 to a body that is too large, with and without Content-Length', async () => {
    const harness = await openHarness({ settings: { MAX_BODY_BYTES: 1024 } });
    const body = JSON.stringify({ prompt: 'x', mask_url: 'y'.repeat(2000) });
    expect(await readProblem(await harness.post(body))).toMatchObject({
      status: 413,
      problems: [{ field: 'body' }],
    });
    const chunks = new Blob([body]).stream();
    const streamed = await fetch(`${harness.url}/v1/renders`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: chunks,
      duplex: 'half',
    } as RequestInit);
    expect(await readProblem(streamed)).toMatchObject({ status: 413, code: 'body_too_large' });
    expect(await harness.jobCount()).toBe(0);
  });

  test('the server answers a request that is not HTTP with a problem', async () => {
    const harness = await openHarness();
    expect(await raw(harness.url, 'hello\r\n\r\n')).toMatch(/^HTTP\/1\.1 400 .*application\/problem\+json/s);
    const headers = `GET / HTTP/1.1\r\nHost: x\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`;
    expect(await raw(harness.url, headers)).toMatch(/^HTTP\/1\.1 431 /);
    const liar =
      'POST /v1/renders HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: x\r\n\r\n{}';
    expect(await raw(harness.url, liar)).toMatch(/^HTTP\/1\.1 400 /);
  });

  test('every response has a request id, and the caller can set a valid one', async () => {
    const harness = await openHarness();
    const own = await harness.get('/healthz', { 'x-request-id': 'order-7:a.b' });
    expect(own.headers.get('x-request-id')).toBe('order-7:a.b');
    const odd = await harness.post('{', { 'x-request-id': 'a b"c' });
    const { request_id } = await readProblem(odd);
    expect(request_id).toMatch(/^req_/);
    expect(odd.headers.get('x-request-id')).toBe(request_id);
  });

  test('no response can be run, framed or read by other sites', async () => {
    const harness = await openHarness();
    for (const path of ['/', '/healthz', '/metrics', '/queues', '/v1/renders/x', '/nothing']) {
      const { headers } = await harness.get(path, { origin: 'https://evil.example' });
      expect(headers.get('x-content-type-options')).toBe('nosniff');
      expect(headers.get('content-security-policy')).toContain("frame-ancestors 'none'");
      expect(headers.get('access-control-allow-origin')).toBeNull();
    }
  });

  test('links start with the host of the request, if it is valid', async () => {
    const { text: key, sha256 } = createApiKey();
    const harness = await openHarness({
      settings: { API_KEYS: [{ tenant: 'shop', roles: ['enqueue'], sha256 }] },
    });
    const ask = (host: string) =>
      raw(
        harness.url,
        `POST /v1/renders HTTP/1.1\r\nHost: ${host}\r\nAuthorization: Bearer ${key}\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: 14\r\n\r\n{"prompt":"x"}`,
      );
    expect(await ask('renders.internal:8080')).toContain(
      '"self":"http://renders.internal:8080/v1/renders/rnd_',
    );
    expect(await ask('"><script>')).toContain(`"self":"${harness.url}/v1/renders/rnd_`);
  });

  test('the server reports its health and counts its requests', async () => {
    const harness = await openHarness();
    await harness.post({ prompt: 'x' }, { 'idempotency-key': 'k' });
    await harness.post({ prompt: 'x' }, { 'idempotency-key': 'k' });
    await harness.post({ prompt: 5 });
    await harness.bulk([{ prompt: 'a' }, {}]);
    const ready = await harness.get('/readyz');
    expect([ready.status, await ready.json()]).toEqual([
      200,
      { status: 'ok', checks: { queue: 'ok', store: 'ok' }, waiting_for: [] },
    ]);
    const page = await (await harness.get('/metrics')).text();
    for (const line of [
      'darkroom_renders_requested_total{outcome="accepted",tenant="default"} 2',
      'darkroom_renders_requested_total{outcome="duplicate",tenant="default"} 1',
      'darkroom_renders_requested_total{outcome="rejected",tenant="default"} 2',
      'darkroom_http_requests_total{method="POST",route="/v1/renders",status="422"} 1',
      'darkroom_queue_jobs{queue="render",state="prioritized"} 2',
      'darkroom_queue_up 1',
    ]) {
      expect(page).toContain(line);
    }
  });

  test('the server waits for a running request before it closes, but not for a silent connection', async () => {
    const entered = latch();
    const leave = latch();
    const harness = await openHarness({
      wrap: (deps) => {
        const head = async (...args: Parameters<typeof deps.store.head>) => {
          entered.open();
          await leave.wait();
          return await deps.store.head(...args);
        };
        return { ...deps, store: Object.assign(Object.create(deps.store), { head }) };
      },
    });
    const silent = connect(Number(new URL(harness.url).port), '127.0.0.1').on('error', () => undefined);
    const asked = harness.get('/readyz');
    await entered.wait();
    const closed = harness.producer.close();
    leave.open();
    expect((await asked).status).toBe(200);
    await closed;
    silent.destroy();
    await expect(harness.get('/healthz')).rejects.toThrow();
  });

  test('the producer does not start without keys when other machines can reach it', async () => {
    await expect(openHarness({ settings: { HOST: '0.0.0.0' } })).rejects.toThrow(
      /API_KEYS: expected at least one key, because other machines can reach HOST 0\.0\.0\.0/,
    );
  });
});
