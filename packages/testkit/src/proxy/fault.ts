import type { ServerResponse } from 'node:http';

/** The requests that a fault hits. An omitted field matches all. */
export interface HttpMatch {
  method?: string;
  /** A part of the path with its query, or a pattern. */
  path?: string | RegExp;
  /** How many requests the fault hits. @default all */
  times?: number;
}

/**
 * What goes wrong.
 * - `{ status }`: the proxy answers; the server does not see the request
 * - `'reset'`: the proxy resets the connection; the server does not see the request
 * - `'hang'`: no answer comes; the server does not see the request
 * - `'lose-answer'`: the server handles the request, and the proxy resets the connection instead of passing on the
 * answer
 * - `{ truncate }`: the proxy passes on the first bytes of the answer, then resets the connection
 */
export type HttpFault =
  | { status: number; headers?: Record<string, string>; body?: string }
  | { truncate: number }
  | 'reset'
  | 'hang'
  | 'lose-answer';

export interface ArmedFault {
  /** How many requests the fault has hit. */
  readonly hits: number;
  remove(): void;
}

/** The armed faults. If several match a request, the newest one hits it. */
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

  /** Returns the fault for a request and counts the hit. */
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

/** Answers a request with the status, headers and body of the fault. */
export function answerWithFault(
  response: ServerResponse,
  fault: Extract<HttpFault, { status: number }>,
): void {
  // The body of the request may still be arriving. Closing the connection avoids reading all of it.
  response.writeHead(fault.status, { connection: 'close', ...fault.headers }).end(fault.body ?? '');
}
