import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { createGuardedLookup, isPublicAddress, type LookupAll } from '@darkroom/shared/net';
import { cleanup } from '@darkroom/testkit';
import { expect, test } from 'vitest';

const judge = (address: string, host: string) =>
  isPublicAddress(address) ? undefined : new Error(`${host} is not public`);

const answering =
  (...addresses: string[]): LookupAll =>
  (_host, _options, done) =>
    done(
      null,
      addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
    );

test.for([
  ['127.0.0.1'],
  ['10.1.2.3'],
  ['169.254.169.254'],
  ['::1'],
  ['::ffff:192.168.0.1'],
  ['fd00::1'],
  ['93.184.216.34', '10.0.0.1'],
])('a name that resolves to %o gets no connection', async (addresses) => {
  const { port, sockets } = await listen();
  const socket = connect({
    port,
    host: 'hooks.example.com',
    lookup: createGuardedLookup(judge, answering(...addresses)),
  });
  const [error] = (await once(socket, 'error')) as [Error];
  expect(error.message).toBe('hooks.example.com is not public');
  expect(sockets).toHaveLength(0);
});

test('the socket connects to the address that was checked', async () => {
  const { port, sockets } = await listen();
  let asked = 0;
  const resolve: LookupAll = (host, options, done) => {
    asked += 1;
    answering('127.0.0.1')(host, options, done);
  };
  const socket = connect({
    port,
    host: 'hooks.example.com',
    lookup: createGuardedLookup(() => undefined, resolve),
  });
  await once(socket, 'connect');
  socket.destroy();
  expect(asked).toBe(1);
  expect(sockets).toHaveLength(1);
});

test('an error of the resolver reaches the socket as it is', async () => {
  const resolve: LookupAll = (_host, _options, done) => done(new Error('no such name'), []);
  const socket = connect({ port: 1, host: 'hooks.example.com', lookup: createGuardedLookup(judge, resolve) });
  const [error] = (await once(socket, 'error')) as [Error];
  expect(error.message).toBe('no such name');
});

async function listen(): Promise<{ port: number; sockets: Socket[] }> {
  const sockets: Socket[] = [];
  const server = createServer((socket) => void sockets.push(socket));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  cleanup(() => void server.close());
  return { port: (server.address() as { port: number }).port, sockets };
}
