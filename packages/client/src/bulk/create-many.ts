import { expectIdempotencyKey } from '../validate-options.ts';
import type { Transport } from '../http/index.ts';
import { drawKey } from '../render-request.ts';
import type { RenderRequest } from '../types.ts';
import { grouped, pulled } from './entries.ts';
import { type CreateManyResult, entryOf, resultOf } from './entry.ts';
import { settle } from './send-until-answered.ts';

export interface CreateManyOptions {
  /**
   * Names this call. Requests without a key of their own get one from it and their position, so the same key with
   * the same source goes on where an earlier call stopped and makes nothing twice. Printable ASCII without
   * blanks, at most 200 characters. @default one that is drawn; see `CreateManyRun.key`
   */
  key?: string | undefined;
  /** Requests that are sent at once, 1 to 10,000. No more of the source is held. @default 1000 */
  chunk?: number | undefined;
  /** Characters that are sent at once, for requests with images in them. @default 8 Mi */
  chunkCharacters?: number | undefined;
  /** Told each result before it is given. What it returns is awaited. */
  onResult?: ((result: CreateManyResult) => unknown) | undefined;
  signal?: AbortSignal | undefined;
}

export interface Tally {
  /** Queued now, by this call. */
  accepted: number;
  /** There before, under the same key. */
  duplicates: number;
  rejected: number;
}

/**
 * Thousands of requests under way. Iterate it for the results, in the order of the source, or `finish()` it.
 * Either can be done once.
 */
export interface CreateManyRun extends AsyncIterable<CreateManyResult> {
  /** Keep it to go on after a crash. */
  readonly key: string;
  /** Up to now. */
  readonly tally: Readonly<Tally>;
  /** Goes through to the end. @throws DarkroomError when it could not: with the same key it can be gone on with. */
  finish(): Promise<Tally>;
}

const isSource = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && (Symbol.asyncIterator in value || Symbol.iterator in value);

/** @throws TypeError for options, or a source, that are of no use. */
export function createMany(
  transport: Transport,
  requests: Iterable<RenderRequest> | AsyncIterable<RenderRequest>,
  options: CreateManyOptions = {},
): CreateManyRun {
  const { chunk = 1000, chunkCharacters = 8 * 1024 * 1024, onResult, signal } = options;
  if (!Number.isInteger(chunk) || chunk < 1 || chunk > 10_000)
    throw new TypeError(`chunk: expected a whole number from 1 to 10000, received ${chunk}`);
  expectIdempotencyKey('key', options.key, 200);
  if (!isSource(requests))
    throw new TypeError('requests: expected an array, or what can be iterated otherwise');
  const drawn = options.key === undefined;
  const key = options.key ?? drawKey();
  const tally: Tally = { accepted: 0, duplicates: 0, rejected: 0 };

  async function* entries() {
    let index = 0;
    for await (const request of pulled(requests, signal)) yield entryOf(request, index++, key, drawn);
  }
  async function* results(): AsyncGenerator<CreateManyResult, void> {
    const pace = { most: chunk };
    for await (const group of grouped(entries(), { items: chunk, characters: chunkCharacters })) {
      for await (const { entry, outcome } of settle(transport, group, pace, signal)) {
        // Under a key that was drawn here a duplicate is what an earlier try of this call made.
        const mine = 'render' in outcome && entry.ours;
        const result = resultOf(entry, mine ? { render: { ...outcome.render, duplicate: false } } : outcome);
        if (result.error) tally.rejected++;
        else tally[result.render.duplicate ? 'duplicates' : 'accepted']++;
        await onResult?.(result);
        yield result;
      }
    }
  }
  let begun = false;
  const begin = () => {
    if (begun) throw new TypeError('The results of createMany can be gone through once.');
    begun = true;
    return results();
  };
  return {
    key,
    tally,
    [Symbol.asyncIterator]: begin,
    finish: async () => {
      for await (const _ of begin());
      return { ...tally };
    },
  };
}
