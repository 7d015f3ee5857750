import type { ServerResponse } from 'node:http';

/** Which requests a fault is for; what is left out matches all. */
export interface HttpMatch {
  method?: string;
  /** A part of the path with its query, or a pattern. */
  path?: string | RegExp;
  /** How many requests it hits before it is spent. @default all */
  times?: number;
}

/**
 * What goes wrong.
 * - `{ status }` an answer in place of the server's, which sees nothing
 * - `'reset'` the connection is reset before the server sees anything
 * - `'hang'` no answer, ever; the server sees nothing
 * - `'lose-answer'` the server does it all, then the connection is reset in place of its answer
 * - `{ truncate }` the answer's first bytes, then a reset
 */
export type HttpFault =
  | { status: number; headers?: Record<string, string>; body?: string }
  | { truncate: number }
  | 'reset'
  | 'hang'
  | 'lose-answer';

export interface ArmedFault {
  /** Requests it hit so far. */
  readonly hits: number;
  remove(): void;
}

/** The faults that are armed; the newest wins. */
export class FaultList {
  readonly #armed: { match: HttpMatch; fault: HttpFault; hits: number }[] = [];

  arm(match: HttpMatch, fault: HttpFault): ArmedFault {
    const entry = { match, fault, hits: 0 };
    this.#armed.unshift(entry);
    return {
      get hits() {
        return entry.hits;
      },
      remove: () => {
        const at = this.#armed.indexOf(entry);
        if (at >= 0) this.#armed.splice(at, 1);
      },
    };
  }

  /** The fault for a request, counted. */
  take(method: string, path: string): HttpFault | undefined {
    const entry = this.#armed.find(
      ({ match, hits }) =>
        hits < (match.times ?? Infinity) &&
        (match.method === undefined || match.method === method) &&
        (match.path === undefined ||
          (typeof match.path === 'string' ? path.includes(match.path) : match.path.test(path))),
    );
    if (!entry) return undefined;
    entry.hits += 1;
    return entry.fault;
  }
}

/** Answers with what the fault says. */
export function answer(response: ServerResponse, fault: Extract<HttpFault, { status: number }>): void {
  // The body of the request may still be coming: let go of the connection rather than read it all.
  response.writeHead(fault.status, { connection: 'close', ...fault.headers }).end(fault.body ?? '');
}
