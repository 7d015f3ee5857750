import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:net';

// Below the range that systems use for port 0: no other program gets one of these ports by chance while it is released.
const [FROM, TO] = [20_000, 32_000];
const TRIES = 50;

/**
 * Finds a loopback port on which no program listens. For programs that cannot use port 0, and for servers that stop and
 * start again.
 */
export async function freePort(): Promise<number> {
  for (let tries = 1; ; tries += 1) {
    const port = randomInt(FROM, TO);
    try {
      const server = createServer().listen(port, '127.0.0.1');
      await once(server, 'listening');
      server.close();
      await once(server, 'close');
      return port;
    } catch (error) {
      if (tries === TRIES) throw error;
    }
  }
}
