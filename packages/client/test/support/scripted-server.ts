import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { cleanup } from '@darkroom/testkit';

export interface Asked {
  method: string;
  path: string;
  headers: IncomingMessage['headers'];
  body: string;
}

/** A real HTTP server that plays a part no healthy Darkroom would. Each request gets the next scene, then the last. */
export async function playServer(
  ...scenes: ((response: ServerResponse, asked: Asked) => unknown)[]
): Promise<{ url: string; asked: Asked[]; port: number }> {
  const asked: Asked[] = [];
  const play = async (request: IncomingMessage, response: ServerResponse) => {
    const { method = '', url: path = '', headers } = request;
    const one = { method, path, headers, body: await text(request) };
    asked.push(one);
    await scenes[Math.min(asked.length, scenes.length) - 1]?.(response, one);
  };
  const server = createServer((request, response) => {
    // A connection that the other side cut has nobody to be told.
    play(request, response).catch(() => response.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  cleanup(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, asked, port };
}

export const json =
  (status: number, value: unknown, headers: Record<string, string> = {}) =>
  (response: ServerResponse) =>
    response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(value));

export const problem = (status: number, code: string, headers: Record<string, string> = {}) =>
  json(
    status,
    { type: 'urn:x', title: code, status, detail: 'no', code, problems: [], request_id: 'req_1' },
    headers,
  );

export const cut = (response: ServerResponse) => response.socket?.resetAndDestroy();

export const RENDER_ID = `rnd_${'0'.repeat(32)}`;

/** As much of a render as the client looks at. */
export const render = (status: string, progress = 0, more: Record<string, unknown> = {}) => ({
  id: RENDER_ID,
  object: 'render',
  status,
  progress,
  error: null,
  image: null,
  ...more,
});
