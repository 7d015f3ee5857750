import { describeValue } from '../problems/field-problems.ts';
import { invalidRequest, ProblemError } from '../problems/index.ts';
import { parseJson } from './json.ts';
import { type Line, splitLines } from './lines.ts';

/** Items that one JSON document holds: of a request, and of an answer. */
export const MAX_ITEMS = 10_000;
/** Items that are let in together: large enough to be quick, small enough not to hold up others. */
const MAX_BATCH = 250;

/** One item of a bulk body: its value, or why it has none. `line` counts from 1 in NDJSON. */
export type BulkItemInput = { index: number; line?: number } & (
  | { value: unknown }
  | { problem: ProblemError }
);

/** The items of a JSON body, in batches. @throws {ProblemError} when the body as a whole is of no use. */
export async function* readJsonBatches(bytes: Uint8Array): AsyncGenerator<BulkItemInput[]> {
  const body = parseJson(bytes);
  const list = Array.isArray(body) ? body : (body as { renders?: unknown } | null)?.renders;
  if (!Array.isArray(list)) {
    throw invalidRequest([
      { field: 'body', expected: 'an array of renders, or {"renders": […]}', received: describeValue(body) },
    ]);
  }
  if (list.length === 0 || list.length > MAX_ITEMS) throw wrongItemCount(list.length === 0 ? 'none' : 'more');
  yield* splitIntoBatches(list.map((value, index) => ({ index, value })));
}

/**
 * The items of a body of one JSON object a line, in batches, as they come in: whatever is there is not kept waiting
 * for more. Empty lines are skipped.
 *
 * @param limit bytes of one line.
 * @throws {ProblemError} when there is no item at all; and what the body throws.
 */
export async function* readNdjsonBatches(
  body: AsyncIterable<Buffer>,
  limit: number,
): AsyncGenerator<BulkItemInput[]> {
  let count = 0;
  for await (const lines of splitLines(body, limit)) {
    const items: BulkItemInput[] = [];
    for (const line of lines) {
      if (line.bytes && isBlank(line.bytes)) continue;
      items.push({ index: count, line: line.number, ...parseLine(line, limit) });
      count += 1;
    }
    yield* splitIntoBatches(items);
  }
  if (count === 0) throw wrongItemCount('none');
}

/** As many items as one JSON answer tells. @throws {ProblemError} after them, when there are more. */
export async function* limitItems(
  batches: AsyncIterable<BulkItemInput[]>,
  most = MAX_ITEMS,
): AsyncGenerator<BulkItemInput[]> {
  for await (const batch of batches) {
    const left = most - (batch[0]?.index ?? 0);
    if (batch.length <= left) yield batch;
    else {
      if (left > 0) yield batch.slice(0, left);
      throw wrongItemCount('more');
    }
  }
}

/** All about as large. */
function* splitIntoBatches(items: BulkItemInput[]): Generator<BulkItemInput[]> {
  const size = Math.ceil(items.length / Math.ceil(items.length / MAX_BATCH));
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

const wrongItemCount = (received: 'none' | 'more') =>
  invalidRequest([
    {
      field: 'renders',
      expected:
        received === 'none'
          ? 'at least one render'
          : `at most ${MAX_ITEMS} renders, or NDJSON with Accept: application/x-ndjson, which has no limit`,
      received,
    },
  ]);
