import { once } from 'node:events';
import { createServer as createHttpServer } from 'node:http';
import { type AddressInfo, connect, createServer, type Server } from 'node:net';
import { describe, expect, test } from 'vitest';
import { cleanup, startHttpProxy, startProxy, until } from '../src/index.ts';

describe('startProxy()', () => {
  test('the proxy forwards, cuts and refuses connections, and resumes on the same port', async () => {
    const proxy = await startProxy(await startEchoServer());
    const first = openConnection(proxy.port);
    first.write('one');
    await until(() => first.text() === 'one');

    proxy.cut();
    await until(() => first.closed());
    const second = openConnection(proxy.port);
    second.write('two');
    await until(() => second.text() === 'two');

    await proxy.refuse();
    await until(() => second.closed());
    const third = openConnection(proxy.port);
    await until(() => third.error() === 'ECONNREFUSED');

    await proxy.resume();
    const fourth = openConnection(proxy.port);
    fourth.write('four');
    await until(() => fourth.text() === 'four');
  });

  test('the proxy holds all bytes back while it is stalled, and loses none', async () => {
    const proxy = await startProxy(await startEchoServer());
    const old = openConnection(proxy.port);
    old.write('a');
    await until(() => old.text() === 'a');
    proxy.stall();
    old.write('b');
    const young = openConnection(proxy.port);
    young.write('c');
    await until(() => proxy.connections === 2);
    expect([old.text(), young.text()]).toEqual(['a', '']);
    await proxy.resume();
    await until(() => old.text() === 'ab' && young.text() === 'c');
  });
});

describe('startHttpProxy()', () => {
  test('a fault hits only matching requests, and only as often as armed', async () => {
    const { url, seen } = await startHttpServer();
    const proxy = await startHttpProxy(url);
    const fault = proxy.fail({ method: 'PUT', path: '/x', times: 1 }, { status: 503, body: 'slow down' });
    expect((await fetch(`${proxy.url}/x`)).status).toBe(200);
    const failed = await fetch(`${proxy.url}/x`, { method: 'PUT', body: 'b' });
    expect([failed.status, await failed.text()]).toEqual([503, 'slow down']);
    expect((await fetch(`${proxy.url}/x`, { method: 'PUT', body: 'b' })).status).toBe(200);
    expect(fault.hits).toBe(1);
    expect(seen).toEqual(['GET /x', 'PUT /x']);
    expect(proxy.requests).toEqual(['GET /x', 'PUT /x', 'PUT /x']);
  });

  test('the proxy loses the answer to a request that the server has handled', async () => {
    const { url, seen } = await startHttpServer();
    const proxy = await startHttpProxy(url);
    proxy.fail({ method: 'POST' }, 'lose-answer');
    await expect(fetch(`${proxy.url}/buy`, { method: 'POST', body: 'b' })).rejects.toThrow();
    expect(seen).toEqual(['POST /buy']);
  });

  test('the proxy resets before the server sees the request, truncates an answer, and holds requests back while it is stalled', async () => {
    const { url, seen } = await startHttpServer();
    const proxy = await startHttpProxy(url);
    const reset = proxy.fail({ path: /reset/ }, 'reset');
    await expect(fetch(`${proxy.url}/reset`)).rejects.toThrow();
    expect([reset.hits, seen.length]).toEqual([1, 0]);

    proxy.fail({ path: '/long' }, { truncate: 5 });
    const cut = await fetch(`${proxy.url}/long`);
    await expect(cut.text()).rejects.toThrow();

    proxy.stall();
    const held = fetch(`${proxy.url}/held`);
    await until(() => proxy.requests.includes('GET /held'));
    expect(seen).toEqual(['GET /long']);
    await proxy.resume();
    expect((await held).status).toBe(200);
  });
});

async function startEchoServer(): Promise<string> {
  const server = createServer((socket) => void socket.on('error', () => {}).pipe(socket));
  return `tcp://127.0.0.1:${await listen(server)}`;
}

async function startHttpServer(): Promise<{ url: string; seen: string[] }> {
  const seen: string[] = [];
  const server = createHttpServer((request, response) => {
    seen.push(`${request.method} ${request.url}`);
    request.resume().once('end', () => response.end('hello, this is the server'));
  });
  return { url: `http://127.0.0.1:${await listen(server)}`, seen };
}

async function listen(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  cleanup(() => void server.close());
  return (server.address() as AddressInfo).port;
}

function openConnection(port: number) {
  const socket = connect(port, '127.0.0.1');
  cleanup(() => void socket.destroy());
  let text = '';
  let error = '';
  socket.on('data', (chunk) => (text += chunk.toString()));
  socket.on('error', (cause: NodeJS.ErrnoException) => (error = cause.code ?? ''));
  return {
    write: (chunk: string) => void socket.write(chunk),
    text: () => text,
    error: () => error,
    closed: () => socket.destroyed,
  };
}
