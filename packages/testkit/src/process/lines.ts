import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';

/** The lines a process wrote, in the order they came. */
export class Lines {
  readonly all: string[] = [];
  readonly #listeners = new Set<() => void>();

  read(stream: Readable, onLine: (line: string) => void): void {
    createInterface({ input: stream }).on('line', (line) => {
      this.all.push(line);
      onLine(line);
      this.wake();
    });
  }

  /** Has everybody who waits look again. */
  wake(): void {
    for (const listener of this.#listeners) listener();
  }

  /**
   * The first line at or after `from` that matches; lines that came before count.
   *
   * @param gone says why no more lines will come, once that is so
   */
  async waitFor(
    pattern: RegExp | string,
    options: { timeout: number; from?: number; gone: () => string | undefined },
  ): Promise<string> {
    let next = options.from ?? 0;
    const { promise, resolve, reject } = Promise.withResolvers<string>();
    const fail = (why: string) =>
      reject(
        new Error(`no line matching ${pattern}: ${why}; last lines:\n${this.all.slice(-15).join('\n')}`),
      );
    const look = () => {
      for (; next < this.all.length; next += 1) {
        const line = this.all[next] ?? '';
        if (typeof pattern === 'string' ? line.includes(pattern) : pattern.test(line)) return resolve(line);
      }
      const why = options.gone();
      if (why) fail(why);
    };
    const timer = setTimeout(() => fail(`none within ${options.timeout} ms`), options.timeout);
    this.#listeners.add(look);
    look();
    try {
      return await promise;
    } finally {
      clearTimeout(timer);
      this.#listeners.delete(look);
    }
  }
}
