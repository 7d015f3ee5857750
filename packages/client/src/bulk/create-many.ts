import type { DarkroomError } from '../errors.ts';
import type { Transport } from '../http/index.ts';
import { generateIdempotencyKey } from '../render-request.ts';
import type { AcceptedRender, RenderRequest } from '../types.ts';
import { validateIdempotencyKey } from '../validate-options.ts';
import { createEntry, groupEntries, readSource } from './entries.ts';
import { type BulkLimits, sendUntilAnswered } from './send-until-answered.ts';

export interface CreateManyOptions {
  /**
   * Names this call. A request without a key gets one from this key and its position. With the same key and the same
   * source, a second call continues where the first one stopped, and creates no render twice. Text of 1 to 200 bytes without
   * control characters. @default a generated key, see `CreateManyRun.key`
   */
  key?: string | undefined;
  /** Requests per bulk call, 1 to 10,000. The client holds only one chunk of the source at a time. @default 1000 */
  chunk?: number | undefined;
  /** Characters per bulk call. It limits the body when requests contain images. @default 8 Mi */
  chunkCharacters?: number | undefined;
  /** Called with each result before the loop gets it. The client awaits what it returns. */
  onResult?: ((result: CreateManyResult) => unknown) | undefined;
  signal?: AbortSignal | undefined;
}

/** The result of one request. It has either `render` or `error`. */
export type CreateManyResult = {
  /** Position in the source, from 0. */
  index: number;
  request: RenderRequest;
} & ({ render: AcceptedRender; error?: undefined } | { render?: undefined; error: DarkroomError });

export interface Tally {
  /** Renders that this call created. */
  accepted: number;
  /** Renders that an earlier call with the same key created. */
  duplicates: number;
  /** Requests that were not accepted. */
  rejected: number;
}

/**
 * A call that creates many renders. To run it, iterate over its results, which come in the order of the source, or call
 * `finish()`. Only one of the two is possible, and only once.
 */
export interface CreateManyRun extends AsyncIterable<CreateManyResult> {
  /** With this key, a later call can continue after a crash. */
  readonly key: string;
  /** The counts so far. */
  readonly tally: Readonly<Tally>;
  /** Runs to the end of the source. @throws DarkroomError when the run stops early; a call with the same key can continue it. */
  finish(): Promise<Tally>;
}

/** @throws TypeError when an option or the source is not valid. */
export function createMany(
  transport: Transport,
  requests: Iterable<RenderRequest> | AsyncIterable<RenderRequest>,
  options: CreateManyOptions = {},
): CreateManyRun {
  const { chunk = 1000, chunkCharacters = 8 * 1024 * 1024, onResult, signal } = options;
  if (!Number.isInteger(chunk) || chunk < 1 || chunk > 10_000)
    throw new TypeError(`chunk: expected a whole number from 1 to 10000, received ${chunk}`);
  validateIdempotencyKey('key', options.key, 200);
  if (!isIterable(requests)) throw new TypeError('requests: expected an array or another iterable');
  const generated = options.key === undefined;
  const key = options.key ?? generateIdempotencyKey();
  const tally: Tally = { accepted: 0, duplicates: 0, rejected: 0 };

  async function* createEntries() {
    let index = 0;
    for await (const request of readSource(requests, signal))
      yield createEntry(request, index++, key, generated);
  }
  async function* createResults(): AsyncGenerator<CreateManyResult, void> {
    const limits: BulkLimits = { maxEntries: chunk };
    const chunks = groupEntries(createEntries(), { maxEntries: chunk, maxCharacters: chunkCharacters });
    for await (const entries of chunks) {
      for await (const { entry, outcome } of sendUntilAnswered(transport, entries, limits, signal)) {
        const { index, request } = entry;
        // A duplicate under a generated key is the work of an earlier try of this call, so it counts as accepted.
        const own = 'render' in outcome && entry.hasGeneratedKey;
        const result: CreateManyResult = {
          index,
          request,
          ...(own ? { render: { ...outcome.render, duplicate: false } } : outcome),
        };
        if (result.error) tally.rejected++;
        else tally[result.render.duplicate ? 'duplicates' : 'accepted']++;
        await onResult?.(result);
        yield result;
      }
    }
  }
  let started = false;
  const start = () => {
    if (started) throw new TypeError('createMany: its results can be read only once');
    started = true;
    return createResults();
  };
  return {
    key,
    tally,
    [Symbol.asyncIterator]: start,
    finish: async () => {
      for await (const _ of start());
      return { ...tally };
    },
  };
}

const isIterable = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && (Symbol.asyncIterator in value || Symbol.iterator in value);
