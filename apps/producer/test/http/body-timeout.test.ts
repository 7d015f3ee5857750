import { once } from 'node:events';
import { connect } from 'node:net';
import { cleanup } from '@darkroom/testkit';
import { fastify } from 'fastify';
import { expect, test } from 'vitest';

import {
  liftBodyTimeout,
  limitBodyTime,
  parseBodiesAsBytes,
  passNdjsonThrough,
  streamBody,
} from '../../src/http/index.ts';

/** A server that gives bodies little time: `/whole` reads them at once, `/stream` bit by bit. */
async function open(maxBodyMs: number, maxIdleMs: number) {
  const app = fastify({
    clientErrorHandler: (_error, socket) => socket.end('HTTP/1.1 400 Too Slow\r\n\r\n'),
  });
  limitBodyTime(app, { anonymousMs: maxBodyMs, maxBodyMs, maxIdleMs });
  parseBodiesAsBytes(app);
  passNdjsonThrough(app);
  app.post('/whole', async () => 'read');
  app.post('/stream', async (request) => {
    liftBodyTimeout(request);
    let bytes = 0;
    for await (const piece of streamBody(request)) bytes += piece.length;
    return `${bytes} bytes`;
  });
  await app.listen({ port: 0 });
  cleanup(() => app.close());
  const { port } = app.addresses()[0] as { port: number };
  return (path: string, type: string) => {
    const socket = connect(port, '127.0.0.1').setEncoding('utf8');
    socket.on('error', () => undefined);
    let text = '';
    socket.on('data', (chunk) => (text += chunk));
    socket.write(
      `POST ${path} HTTP/1.1\r\nHost: x\r\nContent-Type: ${type}\r\nTransfer-Encoding: chunked\r\n\r\n`,
    );
    return { socket, closed: once(socket, 'close').then(() => text), text: () => text };
  };
}

test('a body that takes too long is answered, and its connection ends', async () => {
  const post = await open(150, 60_000);
  const { socket, closed } = post('/whole', 'application/json');
  const drip = setInterval(() => socket.write('1\r\n \r\n'), 20);
  expect(await closed).toContain('400 Too Slow');
  clearInterval(drip);
});

test('a streamed body has no maximum duration, but its connection ends when nothing moves', async () => {
  const post = await open(150, 60_000);
  const began = performance.now();
  const { socket, closed } = post('/stream', 'application/x-ndjson');
  let dripped = 0;
  await new Promise<void>((resolve) => {
    const drip = setInterval(() => {
      socket.write('1\r\n \r\n');
      dripped += 1;
      if (dripped < 15) return;
      clearInterval(drip);
      resolve();
    }, 40);
  });
  socket.write('0\r\n\r\n');
  await once(socket, 'data');
  expect(performance.now() - began).toBeGreaterThan(150);
  socket.end();
  expect(await closed).toContain('15 bytes');

  const impatient = await open(60_000, 300);
  const silent = impatient('/stream', 'application/x-ndjson');
  silent.socket.write('1\r\n \r\n');
  expect(await silent.closed).toBe('');
});
