import { connect, createServer, type Socket } from 'node:net';
import { cleanup } from '../cleanup.ts';
import { type Faults, Listener } from './listener.ts';

export interface Proxy extends Faults {
  readonly port: number;
  /** The target's URL with the proxy's address. */
  readonly url: string;
}

/**
 * Starts a proxy that forwards bytes, on an own port. It is closed when the test (from a hook: the file) is over.
 *
 * @param target a URL with a host and a port: `redis://:secret@127.0.0.1:6379`
 */
export async function startProxy(target: string): Promise<Proxy> {
  const to = new URL(target);
  const pairs = new Set<[Socket, Socket]>();
  let stalled = false;
  const server = createServer((client) => {
    const upstream = connect({ host: to.hostname, port: Number(to.port) });
    const pair: [Socket, Socket] = [client, upstream];
    pairs.add(pair);
    upstream.on('error', () => client.resetAndDestroy());
    upstream.once('close', () => client.destroy());
    client.once('close', () => {
      pairs.delete(pair);
      upstream.destroy();
    });
    if (!stalled) connectPair(pair);
  });
  const listener = new Listener(server);
  await listener.listen();

  const url = new URL(target);
  url.hostname = '127.0.0.1';
  url.port = String(listener.port);
  const proxy: Proxy = {
    port: listener.port,
    url: url.href.replace(/\/$/, ''),
    get connections() {
      return listener.connections;
    },
    cut: () => listener.cut(),
    refuse: () => listener.refuse(),
    stall: () => {
      stalled = true;
      for (const pair of pairs) separatePair(pair);
    },
    resume: async () => {
      stalled = false;
      for (const pair of pairs) connectPair(pair);
      await listener.listen();
    },
    close: () => listener.refuse(),
  };
  cleanup(proxy.close);
  return proxy;
}

function connectPair([client, upstream]: [Socket, Socket]): void {
  client.pipe(upstream);
  upstream.pipe(client);
}

function separatePair([client, upstream]: [Socket, Socket]): void {
  client.unpipe(upstream).pause();
  upstream.unpipe(client).pause();
}
