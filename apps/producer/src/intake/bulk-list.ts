import { setImmediate } from 'node:timers/promises';
import { describeValue, invalidRequest, ProblemError } from '../problems/index.ts';
import { decodeUtf8, invalidJson, parseScanned } from './json.ts';
import { findStringEnd, MAX_JSON_BYTES, readKey, type ScannedValue, scanValue } from './scan-json.ts';

/** Maximum number of items in one JSON document, of a request or of a response. */
export const MAX_ITEMS = 10_000;
/** Maximum number of values in all items together. 10,000 renders with every field have less. */
const MAX_VALUES_OF_ALL = 1_000_000;
/** After this many bytes of items, other callers get their turn. */
const BYTES_PER_TURN = 1024 * 1024;

/** An item of the list: its value, or why it has none; and its size without data URIs. */
export type ListItem = { bytes: number } & ({ value: unknown } | { problem: ProblemError });

/**
 * The items of a JSON body: an array, or `{"renders": […]}`. Each item is parsed on its own, so that a large body does
 * not block this process.
 *
 * @throws {ProblemError} when the body as a whole is invalid.
 */
export async function parseBulkList(bytes: Uint8Array): Promise<ListItem[]> {
  const scanned = scanList(bytes);
  const items: ListItem[] = [];
  let turn = 0;
  for (const item of scanned) {
    const dataUriBytes = item.dataUris.reduce((sum, { start, end }) => sum + end - start, 0);
    items.push({ bytes: item.end - item.start - dataUriBytes, ...parseItem(bytes, item) });
    turn += item.end - item.start;
    if (turn < BYTES_PER_TURN) continue;
    turn = 0;
    await setImmediate();
  }
  checkFrame(bytes, scanned);
  return items;
}

function parseItem(bytes: Uint8Array, item: ScannedValue): { value: unknown } | { problem: ProblemError } {
  try {
    return { value: parseScanned(bytes, item, 'body') };
  } catch (error) {
    // An item that is not JSON makes the whole body invalid. Everything else is a problem of the item.
    const wholeBody = ['invalid_json', 'invalid_utf8'];
    if (error instanceof ProblemError && !wholeBody.includes(error.code)) return { problem: error };
    throw error;
  }
}

/** Checks the body around its items, which are replaced by `0`. */
function checkFrame(bytes: Uint8Array, items: readonly ScannedValue[]): void {
  const starts = [0, ...items.map(({ end }) => end)];
  const pieces = starts.map((start, at) => bytes.subarray(start, items[at]?.start ?? bytes.length));
  const size = pieces.reduce((sum, piece) => sum + piece.length, 0);
  if (size > MAX_JSON_BYTES) throw frameTooLarge();
  const text = pieces.map((piece) => decodeUtf8(piece, 'body')).join('0');
  if (text.trim() === '') {
    const problems = [{ field: 'body', expected: 'JSON', received: 'nothing' }];
    throw new ProblemError('empty_body', 'The body is empty.', { problems });
  }
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    throw invalidJson(bytes, { start: 0, skipped: items, filler: '0' }, 'body');
  }
  const list = Array.isArray(body) ? body : (body as { renders?: unknown } | null)?.renders;
  if (!Array.isArray(list)) {
    throw invalidRequest([
      { field: 'body', expected: 'an array of renders, or {"renders": […]}', received: describeValue(body) },
    ]);
  }
  if (items.length === 0) throw wrongItemCount('none');
}

/** Finds the items. Ends where the syntax is wrong: {@link checkFrame} reports that. */
function scanList(bytes: Uint8Array): ScannedValue[] {
  const start = skipBlanks(bytes, bytes[0] === 0xef ? 3 : 0);
  if (bytes[start] === OPEN_BRACKET) return scanItems(bytes, start + 1).items;
  if (bytes[start] !== OPEN_BRACE) return [];
  let items: ScannedValue[] = [];
  let frameBytes = 0;
  for (let at = start + 1; ; at++) {
    if (frameBytes > MAX_JSON_BYTES) throw frameTooLarge();
    const key = skipBlanks(bytes, at);
    if (bytes[key] !== QUOTE) return items;
    const keyEnd = findStringEnd(bytes, key + 1);
    const colon = skipBlanks(bytes, keyEnd + 1);
    if (bytes[colon] !== COLON) return items;
    const value = skipBlanks(bytes, colon + 1);
    if (readKey(bytes, { start: key + 1, end: keyEnd }) === 'renders' && bytes[value] === OPEN_BRACKET) {
      const list = scanItems(bytes, value + 1);
      // JSON.parse keeps the last of two equal keys.
      items = list.items;
      at = skipBlanks(bytes, list.end + 1);
    } else {
      const other = scanValue(bytes, value, { part: 'body', findEnd: false });
      if (other.problem) throw other.problem;
      frameBytes += other.end - at;
      at = other.end;
    }
    if (bytes[at] !== COMMA) return items;
  }
}

/** @throws {ProblemError} `invalid_request` when there are too many. */
function scanItems(bytes: Uint8Array, start: number): { items: ScannedValue[]; end: number } {
  const items: ScannedValue[] = [];
  let values = 0;
  for (let at = start; ; at++) {
    const item = scanValue(bytes, at, { part: 'body', findEnd: true });
    const blank = skipBlanks(bytes, item.start) >= item.end;
    if (!blank) items.push(item);
    if (items.length > MAX_ITEMS) throw wrongItemCount('more');
    // The values of a rejected item are never parsed.
    if (!item.problem) values += item.values;
    if (values > MAX_VALUES_OF_ALL) throw tooManyValues();
    at = item.end;
    if (blank || bytes[at] !== COMMA) return { items, end: at };
  }
}

const [QUOTE, COLON, COMMA, OPEN_BRACE, OPEN_BRACKET] = [0x22, 0x3a, 0x2c, 0x7b, 0x5b];
const BLANKS: readonly (number | undefined)[] = [0x20, 0x09, 0x0a, 0x0d];

function skipBlanks(bytes: Uint8Array, start: number): number {
  let at = start;
  while (BLANKS.includes(bytes[at])) at++;
  return at;
}

const frameTooLarge = () =>
  invalidRequest([
    { field: 'body', expected: `at most ${MAX_JSON_BYTES} bytes besides the renders`, received: 'more' },
  ]);

const tooManyValues = () =>
  invalidRequest([
    {
      field: 'renders',
      expected: `at most ${MAX_VALUES_OF_ALL} values in all renders together, or NDJSON`,
      received: 'more',
    },
  ]);

export const wrongItemCount = (received: 'none' | 'more') =>
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
