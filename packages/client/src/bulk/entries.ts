import { unlessAborted } from '../http/index.ts';

/**
 * The items of a source, nothing pulled before it is asked for. The source is closed when this is, and an abort
 * is not held up by a source that is stuck.
 */
export async function* pulled<T>(
  source: Iterable<T> | AsyncIterable<T>,
  signal: AbortSignal | undefined,
): AsyncGenerator<T, void> {
  const iterator =
    Symbol.asyncIterator in source ? source[Symbol.asyncIterator]() : source[Symbol.iterator]();
  let open = true;
  try {
    for (;;) {
      const next = await unlessAborted(Promise.resolve(iterator.next()), signal);
      if (next.done) {
        open = false;
        return;
      }
      yield next.value;
    }
  } finally {
    const closing = open ? Promise.resolve(iterator.return?.()).catch(() => undefined) : undefined;
    if (!signal?.aborted) await closing;
  }
}

/** Groups of at most so many items and, unless one alone is larger, so many characters. */
export async function* grouped<T extends { line: string }>(
  items: AsyncIterable<T>,
  most: { items: number; characters: number },
): AsyncGenerator<T[], void> {
  let group: T[] = [];
  let size = 0;
  for await (const item of items) {
    if (group.length > 0 && size + item.line.length > most.characters) {
      yield group;
      group = [];
      size = 0;
    }
    group.push(item);
    size += item.line.length + 1;
    if (group.length >= most.items) {
      yield group;
      group = [];
      size = 0;
    }
  }
  if (group.length > 0) yield group;
}
