import type { Socket } from 'node:net';
import { Cluster } from 'ioredis';
import type { RedisConnection } from './connections.ts';

/**
 * Sends what is written in one turn of the event loop together. ioredis hands each command to the socket by itself;
 * with many jobs in hand that is most of what a command costs. Order and meaning stay: nothing is held back beyond the
 * turn, and what a breaking connection loses was in flight.
 */
export function gatherWrites(connection: RedisConnection): void {
  if (connection instanceof Cluster) {
    connection.on('+node', gatherWrites);
    return;
  }
  connection.on('connect', () => gather(connection.stream as Socket));
}

function gather(socket: Socket): void {
  const write = socket.write.bind(socket) as (...args: unknown[]) => boolean;
  socket.write = (...args: unknown[]) => {
    if (socket.writableCorked === 0) {
      socket.cork();
      process.nextTick(() => socket.uncork());
    }
    return write(...args);
  };
}
