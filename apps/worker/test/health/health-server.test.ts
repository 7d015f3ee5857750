import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { text } from 'node:stream/consumers';
import { cleanup } from '@darkroom/testkit';
import { expect, test } from 'vitest';
import { startHealthServer, type WorkMonitor } from '../../src/health/index.ts';
import { createMetrics } from '../../src/stage/index.ts';

const monitor = {
  noteStore: () => undefined,
  report: () => ({ alive: true, ready: true, idleMs: 0, jobs: {} }),
} as unknown as WorkMonitor;

async function open(host: string) {
  const server = await startHealthServer({
    host,
    port: 0,
    monitor,
    metrics: createMetrics(),
    isStoreReachable: async () => true,
  });
  cleanup(() => server.close());
  const { port } = new URL(server.url);
  return async (path: string, name: string) => {
    const sent = request(`http://127.0.0.1:${port}${path}`, { headers: { host: name } });
    sent.end();
    const [response] = (await once(sent, 'response')) as [IncomingMessage];
    return { status: response.statusCode, body: await text(response) };
  };
}

test.each(['/healthz', '/readyz', '/metrics'])(
  'a page whose name resolves to this machine cannot read %s of a worker',
  async (path) => {
    const get = await open('127.0.0.1');
    const foreign = await get(path, 'evil.example:3001');
    expect(foreign.status).toBe(421);
    expect(foreign.body).toContain('Host: expected localhost or 127.0.0.1');
    expect((await get(path, 'localhost:3001')).status).toBe(200);
  },
);

test('a worker that other machines can reach answers to every host name', async () => {
  const get = await open('0.0.0.0');
  expect((await get('/healthz', 'worker-7.internal:3001')).status).toBe(200);
});
