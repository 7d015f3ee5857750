import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { openPoster, type PosterOptions } from '@darkroom/shared/webhooks';
import { cleanup, latch } from '@darkroom/testkit';
import { expect, test } from 'vitest';
import { SELF_SIGNED } from '../support/self-signed.ts';

const never = new AbortController().signal;
const message = { headers: { 'content-type': 'application/json' }, body: '{}' };

function poster(options: Partial<PosterOptions> = {}) {
  const opened = openPoster({ allowPrivate: true, timeoutMs: 5000, now: () => 0, ...options });
  cleanup(() => opened.close());
  return opened;
}

/** Starts a receiver that calls `react` with the bytes of each request. */
async function speak(react: (socket: Socket, said: string) => void, tls = false): Promise<number> {
  const onSocket = (socket: Socket) => {
    socket.on('error', () => undefined);
    socket.once('data', (bytes) => react(socket, String(bytes)));
    cleanup(() => void socket.destroy());
  };
  const server = tls ? createTlsServer(SELF_SIGNED, onSocket) : createServer(onSocket);
  server.on('tlsClientError', () => undefined);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  cleanup(() => void server.close());
  return (server.address() as { port: number }).port;
}

const says = (text: string) => speak((socket) => void socket.write(text));
const urlOf = (port: number, scheme = 'http') => new URL(`${scheme}://127.0.0.1:${port}/in?token=hidden`);

/** Sends something again and again, until the connection is closed. */
function dripping(first: string, drop: string) {
  return (socket: Socket) => {
    socket.write(first);
    const timer = setInterval(() => socket.write(drop), 20);
    socket.once('close', () => clearInterval(timer));
  };
}

test.for([
  ['headers one by one, without end', 'HTTP/1.1 200 OK\r\n', 'x: y\r\n'],
  ['that it is about to answer, without end', '', 'HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n'],
] as const)(
  'a receiver that drips %s is cut at the limit, and has not acknowledged',
  async ([, first, drop]) => {
    const port = await speak(dripping(first, drop));
    const answer = await poster({ timeoutMs: 300 }).post(urlOf(port), message, never);
    expect(answer).toEqual({ kind: 'failed', reason: 'no answer within 300 ms' });
  },
);

test('a receiver that answers 200 and then drips has acknowledged, and is cut at the limit', async () => {
  const cut = latch();
  const drip = dripping('HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\n', 'x');
  const port = await speak((socket) => {
    socket.once('close', () => cut.open());
    drip(socket);
  });
  const answer = await poster({ timeoutMs: 2_000 }).post(urlOf(port), message, never);
  expect(answer).toEqual({ kind: 'acknowledged', status: 200 });
  await cut.wait();
});

test.for([
  ['an announced gigabyte', 'content-length: 1000000000\r\n\r\n', ''],
  ['a gigabyte in chunks', 'transfer-encoding: chunked\r\n\r\n', '10000\r\n'],
] as const)(
  'a response of %s is not read: at most a few hundred kilobytes leave the receiver',
  async ([, head, chunk]) => {
    let sent = 0;
    const cut = latch();
    const piece = Buffer.from(`${chunk}${'x'.repeat(65_536)}${chunk ? '\r\n' : ''}`);
    const port = await speak((socket) => {
      socket.once('close', () => cut.open());
      socket.write(`HTTP/1.1 500 no\r\n${head}`);
      const more = () => {
        while (socket.writable && sent < 1_000_000_000 && socket.write(piece)) sent += piece.length;
      };
      socket.on('drain', more);
      more();
    });
    expect(await poster().post(urlOf(port), message, never)).toEqual({ kind: 'failed', reason: 'HTTP 500' });
    await cut.wait();
    expect(sent).toBeLessThan(50_000_000);
  },
);

test.for([
  [
    'a header of a megabyte',
    `HTTP/1.1 200 OK\r\nx: ${'y'.repeat(1_000_000)}\r\n\r\n`,
    'Headers Overflow Error',
  ],
  ['very many headers', `HTTP/1.1 200 OK\r\n${'x: y\r\n'.repeat(50_000)}\r\n`, 'Headers Overflow Error'],
  [
    'a changed protocol',
    'HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n',
    'bad upgrade',
  ],
  ['what is no HTTP', 'SSH-2.0-OpenSSH_9\r\n', expect.stringMatching(/^Response does not match the HTTP/)],
  ['304', 'HTTP/1.1 304 Not Modified\r\n\r\n', 'HTTP 304'],
  ['an unheard-of status', 'HTTP/1.1 999 Hm\r\ncontent-length: 0\r\n\r\n', 'HTTP 999'],
] as const)('a response with %s is a failed try', async ([, text, reason]) => {
  const port = await says(text);
  expect(await poster().post(urlOf(port), message, never)).toEqual({ kind: 'failed', reason });
});

test.for([
  ['204', 'HTTP/1.1 204 No Content\r\n\r\n', 204],
  [
    'hints before it',
    'HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 202 Accepted\r\ncontent-length: 0\r\n\r\n',
    202,
  ],
  ['another answer after it', `HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\nHTTP/1.1 410 Gone\r\n\r\n`, 200],
] as const)('a 2xx response with %s acknowledges the webhook', async ([, text, status]) => {
  const port = await says(text);
  expect(await poster().post(urlOf(port), message, never)).toEqual({ kind: 'acknowledged', status });
});

test('bytes that follow a response are not taken for the response to the next webhook', async () => {
  let requests = 0;
  const port = await speak((socket) => {
    requests += 1;
    socket.write(
      requests === 1
        ? 'HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\nHTTP/1.1 410 Gone\r\ncontent-length: 0\r\n\r\n'
        : 'HTTP/1.1 204 No Content\r\n\r\n',
    );
  });
  const { post } = poster();
  expect(await post(urlOf(port), message, never)).toEqual({ kind: 'acknowledged', status: 200 });
  expect(await post(urlOf(port), message, never)).toEqual({ kind: 'acknowledged', status: 204 });
});

test.for([
  ['before its status is whole', 'HTTP/1.1 20', { kind: 'failed', reason: 'other side closed' }],
  ['in its body', 'HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nabc', { kind: 'acknowledged', status: 200 }],
] as const)('a connection that is closed %s counts by the received status', async ([, text, answer]) => {
  const port = await speak((socket) => void socket.end(text));
  expect(await poster().post(urlOf(port), message, never)).toEqual(answer);
});

test('a self-signed certificate is refused before anything is sent', async () => {
  let said = false;
  const port = await speak(() => {
    said = true;
  }, true);
  const answer = await poster().post(urlOf(port, 'https'), message, never);
  expect(answer).toEqual({ kind: 'failed', reason: expect.stringMatching(/certificate/) });
  expect(said).toBe(false);
});

test('a receiver without TLS behind an https URL is a failed try with a one-line reason', async () => {
  const port = await says('HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n');
  const answer = await poster().post(urlOf(port, 'https'), message, never);
  expect(answer).toEqual({ kind: 'failed', reason: expect.stringMatching(/^[^\n]*SSL[^\n]*$/) });
});

test('user and password of a URL are sent as Basic, and in no other header', async () => {
  const said = latch<string>();
  const port = await speak((socket, text) => {
    said.open(text);
    socket.write('HTTP/1.1 204 No Content\r\n\r\n');
  });
  const url = new URL(`http://me:s%40cret@127.0.0.1:${port}/in`);
  await poster().post(url, message, never);
  const text = await said.wait();
  const basic = /^authorization: Basic (\S+)/im.exec(text)?.[1] ?? '';
  expect(Buffer.from(basic, 'base64').toString()).toBe('me:s@cret');
  expect(text).toMatch(new RegExp(`^POST /in HTTP/1.1\\r\\nhost: 127.0.0.1:${port}\\r\\n`));
});

test.for([
  'https://localhost/in',
  'https://LOCALHOST./in',
  'https://a.localhost/in',
  'https://127.0.0.1./in',
  'https://0/in',
  'https://0x7f.1/in',
  'https://0177.0.0.1/in',
  'https://2130706433/in',
  'https://１２７.0.0.1/in',
  'https://ⓛocalhost/in',
  'https://me@10.0.0.1/in',
  'https://169.254.169.254:8443/in',
  'https://[::ffff:127.0.0.1]/in',
  'https://[::127.0.0.1]/in',
  'https://[::]/in',
  'https://[64:ff9b::7f00:1]/in',
])('the URL %s is refused before any lookup', async (url) => {
  const resolve = () => expect.unreachable('a name was resolved');
  const answer = await poster({ allowPrivate: false, resolve }).post(new URL(url), message, never);
  expect(answer).toEqual({ kind: 'refused', reason: expect.stringMatching(/ is not a public address$/) });
});
