import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:net';

// Below the range from which systems draw ports for whoever asks for any: nobody is given one of these by chance
// between two uses of it.
const [FROM, TO] = [20_000, 32_000];
const TRIES = 50;

/**
 * A loopback port that nobody listens on. For programs that cannot be given port 0, and for servers that go away and
 * come back.
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
