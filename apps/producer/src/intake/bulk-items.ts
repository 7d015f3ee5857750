import { setImmediate } from 'node:timers/promises';
import { ProblemError } from '../problems/index.ts';
import { MAX_ITEMS, parseBulkList, wrongItemCount } from './bulk-list.ts';
import { parseJson } from './json.ts';

/** Items per batch: enough for a good throughput, few enough not to delay other callers. */
const MAX_BATCH = 250;
/** A batch of large items ends earlier. Data URIs do not count. */
const MAX_BATCH_BYTES = 256 * 1024;

/** One item of a bulk body: its value, or why it has none. `line` counts from 1, in NDJSON only. */
export type BulkInput = { index: number; line?: number } & ({ value: unknown } | { problem: ProblemError });

/** The items of a JSON body, in batches. @throws {ProblemError} when the body as a whole is invalid. */
export async function* readJsonBatches(bytes: Uint8Array): AsyncGenerator<BulkInput[]> {
  const list = await parseBulkList(bytes);
  const size = evenSize(list.length);
  let batch: BulkInput[] = [];
  let batchBytes = 0;
  for (const [index, { bytes: itemBytes, ...item }] of list.entries()) {
    batch.push({ index, ...item });
    batchBytes += itemBytes;
    if (batch.length < size && batchBytes < MAX_BATCH_BYTES && index < list.length - 1) continue;
    yield batch;
    batch = [];
    batchBytes = 0;
    // Items that are all rejected wait for nothing. Without this pause they would block other callers.
    await setImmediate();
  }
}

/**
 * The items of an NDJSON body, one JSON object per line, in batches. Items that have arrived do not wait for more.
 * Empty lines are skipped.
 *
 * @param limit maximum size of one line in bytes.
 * @throws {ProblemError} when there is no item at all; and what the body throws.
 */
export async function* readNdjsonBatches(
  body: AsyncIterable<Buffer>,
  limit: number,
): AsyncGenerator<BulkInput[]> {
  let count = 0;
  for await (const lines of splitLines(body, limit)) {
    const items: BulkInput[] = [];
    for (const line of lines) {
      if (line.bytes && isBlank(line.bytes)) continue;
      items.push({ index: count, line: line.number, ...parseLine(line, limit) });
      count += 1;
    }
    yield* splitIntoBatches(items);
  }
  if (count === 0) throw wrongItemCount('none');
}

/** The first items, as many as one JSON response holds. @throws {ProblemError} after them, when there are more. */
export async function* limitItems(
  batches: AsyncIterable<BulkInput[]>,
  max = MAX_ITEMS,
): AsyncGenerator<BulkInput[]> {
  for await (const batch of batches) {
    const left = max - (batch[0]?.index ?? 0);
    if (batch.length <= left) yield batch;
    else {
      if (left > 0) yield batch.slice(0, left);
      throw wrongItemCount('more');
    }
  }
}

/** The size of a batch when all batches have about the same size. */
const evenSize = (count: number) => Math.ceil(count / Math.ceil(count / MAX_BATCH));

/** Batches of about the same size. */
function* splitIntoBatches(items: BulkInput[]): Generator<BulkInput[]> {
  const size = evenSize(items.length);
  for (let start = 0; start < items.length; start += size) yield items.slice(start, start + size);
}

function parseLine({ bytes }: Line, limit: number): { value: unknown } | { problem: ProblemError } {
  if (!bytes) return { problem: lineTooLong(limit) };
  try {
    return { value: parseJson(bytes, 'line') };
  } catch (error) {
    if (error instanceof ProblemError) return { problem: error };
    throw error;
  }
}

const isBlank = (bytes: Buffer) => bytes.every((byte) => byte === 0x20 || byte === 0x09 || byte === 0x0d);

const lineTooLong = (limit: number) =>
  new ProblemError('body_too_large', 'The line is larger than MAX_BODY_BYTES allows.', {
    problems: [{ field: 'line', expected: `at most ${limit} bytes`, received: 'more' }],
  });

/** A line of a body, without its line break. `number` counts from 1. */
interface Line {
  number: number;
  /** Absent when the line is longer than allowed: its bytes were discarded. */
  bytes?: Buffer;
}

/**
 * The lines of a body: one array for each chunk that completes at least one line. Reads no more of the body than the
 * caller asks for, and holds only the line that is not complete.
 *
 * @param limit maximum size of one line in bytes.
 */
async function* splitLines(body: AsyncIterable<Buffer>, limit: number): AsyncGenerator<Line[]> {
  let number = 0;
  let parts: Buffer[] = [];
  let size = 0;
  const add = (part: Buffer) => {
    size += part.length;
    if (size > limit) parts = [];
    else if (part.length > 0) parts.push(part);
  };
  const end = (): Line => {
    const fits = size <= limit;
    const bytes = parts.length === 1 ? parts[0] : Buffer.concat(parts);
    number += 1;
    parts = [];
    size = 0;
    return fits && bytes ? { number, bytes } : { number };
  };
  for await (const chunk of body) {
    const lines: Line[] = [];
    let start = 0;
    for (let at = chunk.indexOf(0x0a); at !== -1; at = chunk.indexOf(0x0a, start)) {
      add(chunk.subarray(start, at));
      lines.push(end());
      start = at + 1;
    }
    add(chunk.subarray(start));
    if (lines.length > 0) yield lines;
  }
  if (size > 0) yield [end()];
}
