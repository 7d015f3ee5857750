import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import { cleanup } from '../cleanup.ts';
import { type ArmedFault, answerWithFault, FaultList, type HttpFault, type HttpMatch } from './fault.ts';
import { type Faults, Listener } from './listener.ts';

export interface HttpProxy extends Faults {
  readonly port: number;
  readonly url: string;
  /** Every request that arrived, also those that a fault hit: `PUT /bucket/key`. */
  readonly requests: string[];
  /** Arms a fault: from now on, it hits the requests that match. */
  fail(match: HttpMatch, fault: HttpFault): ArmedFault;
}

/**
 * Starts an HTTP proxy on an own port. It is closed when the test (from a hook: the file) is over. It passes on the
 * `Host` header unchanged, so that signatures for the proxy's address stay valid.
 *
 * @param target `http://127.0.0.1:9000`
 */
export async function startHttpProxy(target: string): Promise<HttpProxy> {
  const to = new URL(target);
  const faults = new FaultList();
  const requests: string[] = [];
  let waiting: (() => void)[] | undefined;

  const server = createServer((incoming, response) => {
    const path = incoming.url ?? '/';
    requests.push(`${incoming.method} ${path}`);
    const handle = () => {
      const fault = faults.take(incoming.method ?? 'GET', path);
      if (fault === 'hang') return;
      if (fault === 'reset') incoming.socket.resetAndDestroy();
      else if (typeof fault === 'object' && 'status' in fault) answerWithFault(response, fault);
      else forward(to, incoming, response, fault);
    };
    if (waiting) waiting.push(handle);
    else handle();
  });
  const listener = new Listener(server);
  await listener.listen();

  const proxy: HttpProxy = {
    port: listener.port,
    url: `http://127.0.0.1:${listener.port}`,
    requests,
    get connections() {
      return listener.connections;
    },
    fail: (match, fault) => faults.arm(match, fault),
    cut: () => listener.cut(),
    refuse: () => listener.refuse(),
    stall: () => {
      waiting ??= [];
    },
    resume: async () => {
      const held = waiting ?? [];
      waiting = undefined;
      for (const handle of held) handle();
      await listener.listen();
    },
    close: () => listener.refuse(),
  };
  cleanup(proxy.close);
  return proxy;
}

function forward(
  to: URL,
  incoming: IncomingMessage,
  response: ServerResponse,
  fault: { truncate: number } | 'lose-answer' | undefined,
): void {
  const { expect: _done, ...headers } = incoming.headers; // This proxy has answered it already.
  const { method, url: path } = incoming;
  const outgoing = request({ host: to.hostname, port: to.port, method, path, headers, agent: false });
  outgoing.on('error', () => incoming.socket.resetAndDestroy());
  response.once('close', () => outgoing.destroy());
  incoming.pipe(outgoing);
  outgoing.on('response', (answered) => {
    answered.on('error', () => incoming.socket.resetAndDestroy());
    if (fault === 'lose-answer') {
      answered.resume().once('end', () => incoming.socket.resetAndDestroy());
      return;
    }
    response.writeHead(answered.statusCode ?? 502, answered.headers);
    if (!fault) {
      answered.pipe(response);
      return;
    }
    let left = fault.truncate;
    answered.on('data', (chunk: Buffer) => {
      response.write(chunk.subarray(0, left), () => {
        if (left <= 0) incoming.socket.resetAndDestroy();
      });
      left -= chunk.length;
    });
  });
}
