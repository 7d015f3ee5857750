import { describe } from '@darkroom/shared';
import { invalidRequest, ProblemError } from '../problems/index.ts';
import { parseJson } from './json.ts';

export const MAX_ITEMS = 10_000;

/** One item of a bulk body: its value, or why it has none. `line` counts from 1 in NDJSON. */
export type Item = { index: number; line?: number } & ({ value: unknown } | { problem: ProblemError });

/** @throws {ProblemError} when the body as a whole is of no use. */
export function itemsOfJson(bytes: Uint8Array): Item[] {
  const body = parseJson(bytes);
  const list = Array.isArray(body) ? body : (body as { renders?: unknown } | null)?.renders;
  if (!Array.isArray(list)) {
    throw invalidRequest([
      { field: 'body', expected: 'an array of renders, or {"renders": […]}', got: describe(body) },
    ]);
  }
  guardCount(list.length);
  return list.map((value, index) => ({ index, value }));
}

/** One JSON object a line; empty lines are skipped. @throws {ProblemError} as above. */
export function itemsOfNdjson(bytes: Buffer): Item[] {
  const items: Item[] = [];
  let line = 0;
  for (let start = 0; start < bytes.length; ) {
    const end = bytes.indexOf(0x0a, start);
    const slice = bytes.subarray(start, end === -1 ? bytes.length : end);
    start = end === -1 ? bytes.length : end + 1;
    line++;
    if (isBlank(slice)) continue;
    guardCount(items.length + 1);
    items.push({ index: items.length, line, ...parsed(slice) });
  }
  guardCount(items.length);
  return items;
}

function parsed(slice: Buffer): { value: unknown } | { problem: ProblemError } {
  try {
    return { value: parseJson(slice, 'line') };
  } catch (error) {
    if (error instanceof ProblemError) return { problem: error };
    throw error;
  }
}

const isBlank = (slice: Buffer) => slice.every((byte) => byte === 0x20 || byte === 0x09 || byte === 0x0d);

function guardCount(count: number): void {
  if (count > 0 && count <= MAX_ITEMS) return;
  const got = count === 0 ? 'none' : 'more';
  throw invalidRequest([{ field: 'renders', expected: `1 to ${MAX_ITEMS} renders`, got }]);
}
