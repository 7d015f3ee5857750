import { parse } from '@humanwhocodes/momoa';
import type { Span } from './scan-json.ts';

/** Where a text stops being JSON. Both count from 1; a column is one character. */
export interface SyntaxErrorPosition {
  line: number;
  column: number;
  /** The character there. Absent at the end of the text. */
  character?: string;
}

/**
 * Finds the first syntax error of a JSON text that begins at `start`. Skips the given spans, which are replaced by
 * `filler`: reading data URIs or other items character by character would take long.
 *
 * @returns `undefined` when no error is found.
 */
export function locateSyntaxError(
  bytes: Uint8Array,
  start: number,
  skipped: readonly Span[],
  filler: string,
): SyntaxErrorPosition | undefined {
  const pieces = cutOut(bytes, start, skipped);
  const text = pieces.map(({ text: piece }) => piece).join(filler);
  const offset = findErrorOffset(text);
  const at =
    offset === undefined ? findControlCharacter(bytes, skipped) : toByteOffset(pieces, offset, filler.length);
  return at === undefined ? undefined : toPosition(bytes, at);
}

/** The text before, between and after the spans, and where in the bytes each piece starts. */
function cutOut(bytes: Uint8Array, from: number, spans: readonly Span[]): { start: number; text: string }[] {
  const starts = [from, ...spans.map(({ end }) => end)];
  const ends = [...spans.map(({ start }) => start), bytes.length];
  return starts.map((start, at) => ({ start, text: decode(bytes.subarray(start, ends[at])) }));
}

/** A line break inside a data URI is the usual error there. */
function findControlCharacter(bytes: Uint8Array, spans: readonly Span[]): number | undefined {
  for (const { start, end } of spans) {
    const found = bytes.subarray(start, end).findIndex((byte) => byte < 0x20);
    if (found !== -1) return start + found;
  }
  return undefined;
}

/** V8 names the position of some errors only. Momoa names it always, but accepts control characters in strings. */
function findErrorOffset(text: string): number | undefined {
  try {
    JSON.parse(text);
    return undefined;
  } catch (error) {
    const { message } = error as Error;
    if (/end of JSON input/.test(message)) return text.length;
    const [, position] = /at position (\d+)/.exec(message) ?? [];
    if (position !== undefined) return Number(position);
  }
  try {
    parse(text, { mode: 'json' });
    return undefined;
  } catch (error) {
    return (error as { offset?: number }).offset;
  }
}

function toByteOffset(
  pieces: readonly { start: number; text: string }[],
  offset: number,
  fillerLength: number,
): number {
  let left = offset;
  for (const { start, text } of pieces) {
    if (left <= text.length) return start + Buffer.byteLength(text.slice(0, left));
    left = Math.max(0, left - text.length - fillerLength);
  }
  return 0;
}

function toPosition(bytes: Uint8Array, offset: number): SyntaxErrorPosition {
  let line = 1;
  let lineStart = 0;
  for (let at = bytes.indexOf(0x0a); at !== -1 && at < offset; at = bytes.indexOf(0x0a, at + 1)) {
    line++;
    lineStart = at + 1;
  }
  let column = 1;
  for (let at = lineStart; at < offset; at++) {
    // The bytes of one character after its first.
    if (((bytes[at] ?? 0) & 0xc0) !== 0x80) column++;
  }
  const [character] = decode(bytes.subarray(offset, offset + 4));
  return { line, column, ...(character === undefined ? {} : { character }) };
}

const decode = (bytes: Uint8Array) => new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes);
