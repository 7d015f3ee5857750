import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';

/** The lines that a process wrote, in the order of their arrival. */
export class Lines {
  readonly all: string[] = [];
  readonly #listeners = new Set<() => void>();

  read(stream: Readable, onLine: (line: string) => void): void {
    createInterface({ input: stream }).on('line', (line) => {
      this.all.push(line);
      onLine(line);
      this.checkAgain();
    });
  }

  /** Makes every wait check its condition again. */
  checkAgain(): void {
    for (const listener of this.#listeners) listener();
  }

  /**
   * Resolves with the first line at or after `from` that matches, also if it was written before the call.
   *
   * @param options.exitReason why no more lines will come; undefined while the process runs
   */
  async waitFor(
    pattern: RegExp | string,
    options: { timeout: number; from?: number; exitReason: () => string | undefined },
  ): Promise<string> {
    let next = options.from ?? 0;
    const { promise, resolve, reject } = Promise.withResolvers<string>();
    const fail = (reason: string) =>
      reject(
        new Error(`no line matching ${pattern}: ${reason}; last lines:\n${this.all.slice(-15).join('\n')}`),
      );
    const check = () => {
      for (; next < this.all.length; next += 1) {
        const line = this.all[next] ?? '';
        if (typeof pattern === 'string' ? line.includes(pattern) : pattern.test(line)) return resolve(line);
      }
      const reason = options.exitReason();
      if (reason) fail(reason);
    };
    const timer = setTimeout(() => fail(`none came within ${options.timeout} ms`), options.timeout);
    this.#listeners.add(check);
    check();
    try {
      return await promise;
    } finally {
      clearTimeout(timer);
      this.#listeners.delete(check);
    }
  }
}
