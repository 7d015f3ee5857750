import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import type { RenderEvent } from '@darkroom/api';
import { cleanup } from '@darkroom/testkit';

/**
 * A receiver that keeps every webhook. It acknowledges them with 204, or answers 500 until `acknowledge()` is
 * called.
 */
export async function startWebhookReceiver(options: { acknowledges: boolean }) {
  const webhooks: { id: string; event: RenderEvent }[] = [];
  let status = options.acknowledges ? 204 : 500;
  const server = createServer((request, response) => {
    void json(request).then((event) => {
      webhooks.push({ id: String(request.headers['webhook-id']), event: event as RenderEvent });
      response.writeHead(status).end();
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  cleanup(() => {
    server.closeAllConnections();
    server.close();
  });
  const acknowledge = () => {
    status = 204;
  };
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/in`, webhooks, acknowledge };
}
