import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { cleanup } from '@darkroom/testkit';

export interface ReceivedRequest {
  method: string;
  path: string;
  headers: IncomingMessage['headers'];
  body: string;
}

type Responder = (response: ServerResponse, request: ReceivedRequest) => unknown;

/**
 * Starts an HTTP server that answers as no healthy Darkroom does. Each request gets the next responder; the last responder
 * answers all further requests.
 */
export async function startScriptedServer(
  ...responders: Responder[]
): Promise<{ url: string; received: ReceivedRequest[]; port: number }> {
  const received: ReceivedRequest[] = [];
  const respond = async (message: IncomingMessage, response: ServerResponse) => {
    const { method = '', url: path = '', headers } = message;
    const request = { method, path, headers, body: await text(message) };
    received.push(request);
    await responders[Math.min(received.length, responders.length) - 1]?.(response, request);
  };
  const server = createServer((message, response) => {
    // Reading the body rejects when the client cuts the connection.
    respond(message, response).catch(() => response.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  cleanup(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, received, port };
}

export const jsonResponse =
  (status: number, value: unknown, headers: Record<string, string> = {}) =>
  (response: ServerResponse) =>
    response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(value));

export const problemResponse = (status: number, code: string, headers: Record<string, string> = {}) =>
  jsonResponse(
    status,
    { type: 'urn:x', title: code, status, detail: 'no', code, problems: [], request_id: 'req_1' },
    headers,
  );

export const cutConnection = (response: ServerResponse) => response.socket?.resetAndDestroy();

export const RENDER_ID = `rnd_${'0'.repeat(32)}`;

/** The fields of a render that the client reads. */
export const renderBody = (status: string, progress = 0, more: Record<string, unknown> = {}) => ({
  id: RENDER_ID,
  object: 'render',
  status,
  progress,
  error: null,
  image: null,
  ...more,
});
