import { ProblemError, shortenKey } from '../problems/index.ts';

/** A range of bytes. `end` is exclusive. */
export interface Span {
  start: number;
  end: number;
}

/** A value that was found, but not parsed yet. */
export interface ScannedValue extends Span {
  /** The strings of images, without their quotes. They may be large. */
  dataUris: Span[];
  values: number;
  /** Why the value must not be parsed. */
  problem?: ProblemError;
}

/** Maximum nesting of arrays and objects. A render needs three levels. */
const MAX_DEPTH = 32;
/**
 * Maximum size of one render without its data URIs, in bytes. The longest valid render has about 100 KB: 15 URLs of
 * 4,096 characters, the prompt and the metadata with every character escaped.
 */
export const MAX_JSON_BYTES = 128 * 1024;
/** Maximum number of arrays, objects and scalars in one render. A valid render has less than 100. */
export const MAX_VALUES = 1_000;
/** Shorter strings are not searched for a data URI. */
const MIN_DATA_URI_BYTES = 1_024;
/** The only fields of a render that can contain data URIs. */
const IMAGE_FIELDS: readonly (string | undefined)[] = ['image_urls', 'mask_url'];

const [QUOTE, BACKSLASH, COLON, COMMA] = [0x22, 0x5c, 0x3a, 0x2c];
const [OPEN_BRACE, CLOSE_BRACE, OPEN_BRACKET, CLOSE_BRACKET] = [0x7b, 0x7d, 0x5b, 0x5d];

/**
 * Finds the end of the JSON value that begins at `start`, and measures it without parsing it: parsing a body of many
 * megabytes blocks this process for a minute. A value ends before a `,`, `]` or `}` that does not belong to it, or with
 * the bytes. The scan does not check the syntax.
 *
 * @param findEnd find the end also of a value that has a problem. Otherwise the scan ends at the problem.
 */
export function scanValue(
  bytes: Uint8Array,
  start: number,
  { part, findEnd }: { part: string; findEnd: boolean },
): ScannedValue {
  const dataUris: Span[] = [];
  let dataUriBytes = 0;
  let values = 1;
  let depth = 0;
  let lastString: Span | undefined;
  /** The name of the present field of the render. */
  let field: Span | undefined;
  let problem: ProblemError | undefined;
  let at = start;

  scan: for (; at < bytes.length; at++) {
    switch (bytes[at]) {
      case QUOTE: {
        const end = findStringEnd(bytes, at + 1);
        lastString = { start: at + 1, end };
        if (isDataUri(bytes, lastString) && IMAGE_FIELDS.includes(readKey(bytes, field))) {
          dataUris.push(lastString);
          dataUriBytes += end - at;
        }
        at = end;
        break;
      }
      case COLON:
        if (depth === 1) field = lastString;
        break;
      case COMMA:
        if (depth === 0) break scan;
        values++;
        if (depth === 1) field = undefined;
        break;
      case OPEN_BRACE:
      case OPEN_BRACKET:
        depth++;
        values++;
        if (depth > MAX_DEPTH) problem ??= tooDeep(part);
        break;
      case CLOSE_BRACE:
      case CLOSE_BRACKET:
        if (depth === 0) break scan;
        depth--;
        break;
      default:
        break;
    }
    if (problem) {
      if (findEnd) continue;
      break;
    }
    if (values > MAX_VALUES) problem = tooManyValues(readKey(bytes, field) ?? part);
    else if (at - start - dataUriBytes > MAX_JSON_BYTES) problem = tooLong(readKey(bytes, field) ?? part);
  }
  const end = Math.min(at, bytes.length);
  return { start, end, dataUris, values, ...(problem ? { problem } : {}) };
}

/** @returns the index of the quote that ends the string, or of the end of the bytes. */
export function findStringEnd(bytes: Uint8Array, start: number): number {
  for (let at = start; at < bytes.length; at++) {
    if (bytes[at] === QUOTE) return at;
    if (bytes[at] === BACKSLASH) at++;
  }
  return bytes.length;
}

/** The text of an object's key. @returns `undefined` when it is no valid string. */
export function readKey(bytes: Uint8Array, span: Span | undefined): string | undefined {
  if (!span || span.end - span.start > MIN_DATA_URI_BYTES) return undefined;
  try {
    return shortenKey(JSON.parse(`"${decode(bytes, span)}"`) as string);
  } catch {
    return undefined;
  }
}

const isDataUri = (bytes: Uint8Array, { start, end }: Span) =>
  end - start >= MIN_DATA_URI_BYTES && /^data:/i.test(decode(bytes, { start, end: start + 5 }));

const decode = (bytes: Uint8Array, { start, end }: Span) =>
  Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString('utf8');

const tooDeep = (part: string) =>
  new ProblemError('too_deep', `The ${part} is nested deeper than ${MAX_DEPTH} levels.`, {
    problems: [{ field: part, expected: `at most ${MAX_DEPTH} levels`, received: 'more' }],
  });

const tooManyValues = (field: string) =>
  new ProblemError('invalid_request', `The render has more than ${MAX_VALUES} values: see ${field}.`, {
    problems: [{ field, expected: `at most ${MAX_VALUES} values in the whole render`, received: 'more' }],
  });

const tooLong = (field: string) =>
  new ProblemError(
    'invalid_request',
    `The render is larger than ${MAX_JSON_BYTES} bytes, not counting images in data URIs: see ${field}.`,
    {
      problems: [
        {
          field,
          expected: `at most ${MAX_JSON_BYTES} bytes in the whole render, besides data URIs in image_urls and mask_url`,
          received: 'more',
        },
      ],
    },
  );
