import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { createApiKey, type Role } from '@darkroom/shared/keys';
import { cleanup, requires, until } from '@darkroom/testkit';
import { expect, test } from 'vitest';
import { type Harness, openHarness, readProblem } from '../support/harness.ts';

function createKey(tenant: string) {
  const { text, sha256 } = createApiKey();
  const roles: Role[] = ['enqueue', 'read'];
  return { apiKey: { tenant, roles, sha256 }, headers: { authorization: `Bearer ${text}` } };
}

async function enqueue(harness: Harness, headers: Record<string, string>): Promise<string> {
  return ((await (await harness.post({ prompt: 'x' }, headers)).json()) as { id: string }).id;
}

/** An event stream, until `leave()`. */
async function stream(harness: Harness, id: string, headers: Record<string, string>) {
  const caller = new AbortController();
  const url = `${harness.url}/v1/renders/${id}/events`;
  const response = await fetch(url, { headers, signal: caller.signal });
  cleanup(async () => caller.abort());
  return { response, leave: () => caller.abort() };
}

function open(harness: Harness): Socket {
  const socket = connect(Number(new URL(harness.url).port), '127.0.0.1');
  socket.setEncoding('utf8').on('error', () => undefined);
  cleanup(async () => void socket.destroy());
  return socket;
}

requires('redis').describe('the limits of open requests', () => {
  test('a key can open only so many event streams and long polls, and other keys are not affected', async () => {
    const [shop, press] = [createKey('shop'), createKey('press')];
    const harness = await openHarness({
      settings: { API_KEYS: [shop.apiKey, press.apiKey], MAX_WAITING_PER_KEY: 3 },
    });
    const id = await enqueue(harness, shop.headers);
    const streams = [];
    for (let count = 0; count < 3; count++) streams.push(await stream(harness, id, shop.headers));
    expect(streams.map(({ response }) => response.status)).toEqual([200, 200, 200]);

    for (const path of [`/v1/renders/${id}/events`, `/v1/renders/${id}?wait=60`]) {
      const rejected = await harness.get(path, shop.headers);
      expect(rejected.headers.get('retry-after')).toBe('5');
      expect(await readProblem(rejected)).toMatchObject({ status: 429, code: 'rate_limited' });
    }
    // Requests that do not wait are not limited.
    expect((await harness.get(`/v1/renders/${id}`, shop.headers)).status).toBe(200);
    const theirs = await enqueue(harness, press.headers);
    expect((await stream(harness, theirs, press.headers)).response.status).toBe(200);

    streams[0]?.leave();
    await until(async () => (await stream(harness, id, shop.headers)).response.status === 200);
  });

  test('connections above the limit get 503 with Retry-After, until others close', async () => {
    const harness = await openHarness({ settings: { MAX_CONNECTIONS: 10 } });
    const silent = Array.from({ length: 10 }, () => open(harness));
    await Promise.all(silent.map((socket) => once(socket, 'connect')));
    for (const path of ['/v1/renders', '/queues', '/healthz']) {
      const rejected = await harness.get(path, { connection: 'close' });
      expect(rejected.headers.get('retry-after')).toBe('5');
      expect(await readProblem(rejected)).toMatchObject({ status: 503, code: 'too_many_connections' });
    }
    for (const socket of silent) socket.destroy();
    await until(async () => (await harness.get('/v1/renders', { connection: 'close' })).status === 200);
  });

  test('a body without a key must arrive soon, a body with a key may take longer', async () => {
    const { apiKey, headers } = createKey('shop');
    const harness = await openHarness({
      settings: {
        API_KEYS: [apiKey],
        ANONYMOUS_BODY_TIMEOUT_MS: 100,
        TOAPIS_WEBHOOK_SECRET: 'a secret of the provider',
      },
    });
    const begin = (path: string, more = '') => {
      const socket = open(harness);
      socket.write(
        `POST ${path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 14\r\n${more}\r\n{"prompt`,
      );
      return socket;
    };
    const known = begin('/v1/renders', `Authorization: ${headers.authorization}\r\n`);
    const closed = [begin('/v1/renders'), begin('/v1/webhooks/toapis')].map((socket) => {
      socket.resume();
      return once(socket, 'close');
    });
    await Promise.all(closed);
    known.write('":"x"}');
    expect(String(await once(known, 'data'))).toMatch(/^HTTP\/1\.1 202 /);
  });
});
