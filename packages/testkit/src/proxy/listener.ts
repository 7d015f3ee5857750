import { once } from 'node:events';
import type { Server, Socket } from 'node:net';
import { freePort } from '../process/index.ts';

/** The faults of every proxy. They apply to existing and new connections. */
export interface Faults {
  /** Resets the open connections. New connections work. */
  cut(): void;
  /** Stops listening: resets the open connections and refuses new ones. */
  refuse(): Promise<void>;
  /** Keeps connections open but passes nothing on, as a firewall that drops packets. */
  stall(): void;
  /** Undoes `refuse` and `stall`. */
  resume(): Promise<void>;
  /** How many connections are open. */
  readonly connections: number;
  close(): Promise<void>;
}

/** A loopback port that can reset and refuse connections. */
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

  /** Listens on the same port each time. */
  async listen(): Promise<void> {
    if (this.#open) return;
    this.#open = true;
    // From a range that no other program gets a port from while this listener refuses connections.
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
