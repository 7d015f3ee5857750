import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import { nextWebhookDelay, openPoster, type PosterOptions } from '@darkroom/shared/webhooks';
import { cleanup, latch } from '@darkroom/testkit';
import { expect, test } from 'vitest';

const never = new AbortController().signal;
const message = { headers: { 'content-type': 'application/json' }, body: '{}' };

async function serve(listener: RequestListener): Promise<{ port: number; connections(): number }> {
  let connections = 0;
  const server = createServer(listener).on('connection', () => {
    connections += 1;
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  cleanup(() => {
    server.closeAllConnections();
    server.close();
  });
  return { port: (server.address() as { port: number }).port, connections: () => connections };
}

function poster(options: Partial<PosterOptions> = {}) {
  const opened = openPoster({ allowPrivate: true, timeoutMs: 20_000, now: () => 0, ...options });
  cleanup(() => opened.close());
  return opened;
}

const resolving =
  (...addresses: string[]): NonNullable<PosterOptions['resolve']> =>
  (_host, _options, done) =>
    done(
      null,
      addresses.map((address) => ({ address, family: 4 })),
    );

test.for([
  [['127.0.0.1']],
  [['192.168.1.1']],
  [['169.254.169.254']],
  // One public address does not make up for a private one.
  [['93.184.216.34', '127.0.0.1']],
])('a name that resolves to %o is refused, and no connection is made', async ([addresses]) => {
  const { port, connections } = await serve((_request, response) => void response.end());
  const { post } = poster({ allowPrivate: false, resolve: resolving(...(addresses ?? [])) });
  expect(await post(new URL(`https://hooks.example.com:${port}/`), message, never)).toEqual({
    kind: 'refused',
    reason: 'hooks.example.com resolves to an address that is not public',
  });
  expect(connections()).toBe(0);
});

test('each connection checks the addresses of its name again', async () => {
  const { port } = await serve((_request, response) => {
    response.writeHead(204, { connection: 'close' }).end();
  });
  let address = '127.0.0.1';
  const asked: string[] = [];
  const { post } = poster({
    resolve: (host, options, done) => {
      asked.push(host);
      resolving(address)(host, options, done);
    },
  });
  const url = new URL(`http://hooks.example.com:${port}/`);
  expect(await post(url, message, never)).toEqual({ kind: 'acknowledged', status: 204 });
  address = '127.0.0.2';
  await post(url, message, never);
  expect(asked).toEqual(['hooks.example.com', 'hooks.example.com']);
});

test('a URL whose scheme is not http(s) is refused', async () => {
  const answer = await poster().post(new URL('file:///etc/passwd'), message, never);
  expect(answer).toEqual({ kind: 'refused', reason: 'file: is not http(s)' });
});

test('an endless response counts by its status and is cut', async () => {
  const cut = latch();
  const { port } = await serve((_request, response) => {
    response.writeHead(200);
    const more = () => {
      while (response.write(Buffer.alloc(16 * 1024)));
      response.once('drain', more);
    };
    response.once('close', () => cut.open());
    more();
  });
  const answer = await poster().post(new URL(`http://127.0.0.1:${port}/`), message, never);
  expect(answer).toEqual({ kind: 'acknowledged', status: 200 });
  await cut.wait();
});

test('a receiver that never sends headers is cut at the limit', async () => {
  const { port } = await serve(() => undefined);
  const answer = await poster({ timeoutMs: 200 }).post(new URL(`http://127.0.0.1:${port}/`), message, never);
  expect(answer).toEqual({ kind: 'failed', reason: 'no answer within 200 ms' });
});

test.for([
  ['30', 30_000],
  [' 30 ', 30_000],
  [new Date(90_000).toUTCString(), 90_000],
  ['Fri, 31 Dec 9999 23:59:59 GMT', 253_402_300_799_000],
  ['9'.repeat(400), Number.POSITIVE_INFINITY],
  ['Thu, 01 Jan 1970 00:00:00 GMT', undefined],
  ['soon', undefined],
  ['-5', undefined],
  ['1e99', undefined],
  ['Infinity', undefined],
] as const)('the header Retry-After: %s of a 503 is parsed', async ([header, ms]) => {
  const { port } = await serve((_request, response) => {
    response.writeHead(503, { 'retry-after': header }).end();
  });
  const answer = await poster().post(new URL(`http://127.0.0.1:${port}/`), message, never);
  expect(answer).toEqual({ kind: 'failed', reason: 'HTTP 503', ...(ms ? { retryAfterMs: ms } : {}) });
});

test('the tries of a webhook are spread over a day: at once, seconds, minutes, hours', () => {
  const pauses = [];
  for (let tries = 1; ; tries += 1) {
    const pause = nextWebhookDelay({ tries, random: 0.5 });
    if (pause === undefined) break;
    pauses.push(pause / 1000);
  }
  expect(pauses).toEqual([5, 300, 1800, 7200, 18_000, 21_600, 36_000]);
  const hours = pauses.reduce((sum, seconds) => sum + seconds, 0) / 3600;
  expect(hours).toBeGreaterThan(23);
  expect(hours).toBeLessThan(25);
});

test('jitter moves a delay by at most a tenth', () => {
  expect(nextWebhookDelay({ tries: 2, random: 0 })).toBe(270_000);
  expect(nextWebhookDelay({ tries: 2, random: 0.999_999 })).toBe(330_000);
});

test('a hint makes a delay longer, up to an hour, and never shorter', () => {
  expect(nextWebhookDelay({ tries: 1, random: 0.5, hintMs: 60_000 })).toBe(60_000);
  expect(nextWebhookDelay({ tries: 1, random: 0.5, hintMs: 86_400_000 })).toBe(3_600_000);
  expect(nextWebhookDelay({ tries: 1, random: 0.5, hintMs: Number.POSITIVE_INFINITY })).toBe(3_600_000);
  expect(nextWebhookDelay({ tries: 3, random: 0.5, hintMs: 1000 })).toBe(1_800_000);
  expect(nextWebhookDelay({ tries: 8, random: 0.5, hintMs: 1000 })).toBeUndefined();
});
