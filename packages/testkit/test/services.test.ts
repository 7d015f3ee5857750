import { connect } from 'node:net';
import { expect } from 'vitest';
import { cleanup, requires, service, until } from '../src/index.ts';

requires('redis').test('the Redis of a run answers', async () => {
  const { hostname, port, password } = new URL(service('redis').url);
  const socket = connect(Number(port), hostname);
  cleanup(() => void socket.destroy());
  let answer = '';
  socket.on('data', (chunk) => (answer += chunk.toString()));
  socket.write(`${password ? `AUTH ${password}\r\n` : ''}PING\r\n`);
  await until(() => answer.includes('+PONG'));
  expect(answer).not.toContain('-ERR');
});

requires('s3').test('the S3 server of a run refuses requests without credentials', async () => {
  const answer = await fetch(`${service('s3').endpoint}/${service('s3').bucket}`);
  expect(answer.status).toBe(403);
});
