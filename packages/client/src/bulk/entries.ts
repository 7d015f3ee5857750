import type { DarkroomError } from '../errors.ts';
import { rejectOnAbort } from '../http/index.ts';
import { serializeRequest } from '../render-request.ts';
import type { AcceptedRender, RenderRequest } from '../types.ts';

/** One request of a bulk call. */
export interface Entry {
  /** Position in the source, from 0. */
  index: number;
  request: RenderRequest;
  /** The line of the bulk call, without its line end. */
  line: string;
  /** Whether this call generated the idempotency key. No earlier call can have used such a key. */
  hasGeneratedKey: boolean;
  outcome?: EntryOutcome;
}

export type EntryOutcome = { render: AcceptedRender } | { error: DarkroomError };

/**
 * Reads items from the source, each only when the consumer asks for it. Closing this generator closes the source. After an
 * abort it does not wait for the source, which may be stuck.
 */
export async function* readSource<T>(
  source: Iterable<T> | AsyncIterable<T>,
  signal: AbortSignal | undefined,
): AsyncGenerator<T, void> {
  const iterator =
    Symbol.asyncIterator in source ? source[Symbol.asyncIterator]() : source[Symbol.iterator]();
  let open = true;
  try {
    for (;;) {
      const next = await rejectOnAbort(Promise.resolve(iterator.next()), signal);
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

/**
 * A request without a key gets `key:index`. A request that cannot be written as JSON gets its outcome here.
 *
 * @param key the key of the whole call @param generated whether the call generated it
 */
export function createEntry(request: RenderRequest, index: number, key: string, generated: boolean): Entry {
  const isObject = typeof request === 'object' && request !== null && !Array.isArray(request);
  const needsKey = isObject && request.idempotency_key === undefined;
  const entry = { index, request, hasGeneratedKey: needsKey && generated };
  try {
    const line = serializeRequest(needsKey ? { ...request, idempotency_key: `${key}:${index}` } : request);
    return { ...entry, line };
  } catch (error) {
    return { ...entry, line: '', outcome: { error: error as DarkroomError } };
  }
}

/** Groups entries into chunks. A chunk exceeds `maxCharacters` only if its single entry does. */
export async function* groupEntries(
  entries: AsyncIterable<Entry>,
  { maxEntries, maxCharacters }: { maxEntries: number; maxCharacters: number },
): AsyncGenerator<Entry[], void> {
  let group: Entry[] = [];
  let characters = 0;
  for await (const entry of entries) {
    if (group.length > 0 && characters + entry.line.length > maxCharacters) {
      yield group;
      group = [];
      characters = 0;
    }
    group.push(entry);
    characters += entry.line.length + 1;
    if (group.length >= maxEntries) {
      yield group;
      group = [];
      characters = 0;
    }
  }
  if (group.length > 0) yield group;
}
