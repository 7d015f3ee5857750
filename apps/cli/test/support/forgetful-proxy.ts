import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { cleanup } from '@darkroom/testkit';

/**
 * A front end that makes a real S3 look like a store without conditional writes: each writer of an object gets the answer
 * that it succeeded. The header cannot be removed from the request, because it is signed.
 *
 * @param target `http://127.0.0.1:9000`
 */
export async function startForgetfulProxy(target: string): Promise<{ url: string }> {
  const { hostname, port } = new URL(target);
  const server = createServer((incoming, response) => {
    const { expect: _answered, ...headers } = incoming.headers;
    const { method, url: path } = incoming;
    const outgoing = request({ hostname, port, method, path, headers, agent: false }, (answer) => {
      if (answer.statusCode === 412) {
        answer.resume();
        response.writeHead(200, { etag: '"0"' }).end();
        return;
      }
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    });
    outgoing.on('error', () => incoming.socket.resetAndDestroy());
    incoming.pipe(outgoing);
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  cleanup(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}
