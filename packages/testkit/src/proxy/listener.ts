import { once } from 'node:events';
import type { Server, Socket } from 'node:net';
import { freePort } from '../process/port.ts';

/** What all proxies can do. Existing and new connections are meant alike. */
export interface Faults {
  /** Resets the connections there are; new ones work. */
  cut(): void;
  /** Nobody listens: connections are refused, and those there are reset. */
  refuse(): Promise<void>;
  /** Connections stay open and nothing moves, as behind a firewall that drops packets. */
  stall(): void;
  /** Undoes `refuse` and `stall`. */
  resume(): Promise<void>;
  /** Connections open now. */
  readonly connections: number;
  close(): Promise<void>;
}

/** A loopback port whose connections can be taken away. */
export class Listener {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #port = 0;
  #open = false;

  constructor(server: Server) {
    this.#server = server;
    server.on('connection', (socket: Socket) => {
      this.#sockets.add(socket);
      socket.on('error', () => {});
      socket.once('close', () => this.#sockets.delete(socket));
    });
  }

  get port(): number {
    return this.#port;
  }

  get connections(): number {
    return this.#sockets.size;
  }

  /** On the same port each time. */
  async listen(): Promise<void> {
    if (this.#open) return;
    this.#open = true;
    // One that nobody else is given while it is refused.
    this.#port ||= await freePort();
    this.#server.listen(this.#port, '127.0.0.1');
    await once(this.#server, 'listening');
  }

  cut(): void {
    for (const socket of this.#sockets) socket.resetAndDestroy();
  }

  async refuse(): Promise<void> {
    if (!this.#open) return;
    this.#open = false;
    const closed = once(this.#server, 'close');
    this.#server.close();
    this.cut();
    await closed;
  }
}
