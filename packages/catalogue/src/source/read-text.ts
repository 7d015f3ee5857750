import { isUtf8 } from 'node:buffer';
import { TextDecoder } from 'node:util';
import type { CatalogueConfig } from '../file/index.ts';
import { fatalSourceProblem } from '../problems.ts';

type Encoding = NonNullable<CatalogueConfig['source']['encoding']>;

/**
 * Decodes a source. Line ends become `\n`, and a byte order mark is removed, so neither changes an image.
 *
 * @param chosen the setting. Without it, a byte order mark decides, else UTF-8.
 * @throws {FatalProblem} with the line of the first bytes that are not in this encoding
 */
export async function* readText(
  chunks: AsyncIterable<Buffer>,
  chosen: Encoding | undefined,
): AsyncGenerator<string> {
  let decoder: TextDecoder | undefined;
  let encoding: Encoding = 'utf-8';
  let line = 1;
  /** A `\r` at the end of a chunk may be half of a line end. */
  let held = '';
  /** The bytes of the last chunk that may belong to a character that was cut. */
  let tail: Buffer = Buffer.alloc(0);
  for await (const chunk of atLeast(chunks, 4)) {
    if (decoder === undefined) {
      encoding = chosen ?? detectEncoding(chunk);
      decoder = new TextDecoder(encoding, { fatal: true });
    }
    const text = decode(decoder, chunk, () => {
      throw createEncodingProblem(encoding, line + countBadLine(Buffer.concat([tail, chunk]), encoding));
    });
    tail = chunk.subarray(-3);
    const whole = held + text;
    held = whole.endsWith('\r') ? '\r' : '';
    const normal = (held ? whole.slice(0, -1) : whole).replace(/\r\n?/g, '\n');
    line += countNewlines(normal);
    if (normal) yield normal;
  }
  if (held) yield '\n';
  try {
    decoder?.decode();
  } catch {
    throw createEncodingProblem(encoding, line);
  }
}

/** Joins chunks until the first one has some bytes: a byte order mark may come in two. */
async function* atLeast(chunks: AsyncIterable<Buffer>, bytes: number): AsyncGenerator<Buffer> {
  let first: Buffer | undefined = Buffer.alloc(0);
  for await (const chunk of chunks) {
    if (first === undefined) {
      yield chunk;
      continue;
    }
    first = Buffer.concat([first, chunk]);
    if (first.length < bytes) continue;
    yield first;
    first = undefined;
  }
  if (first !== undefined && first.length > 0) yield first;
}

function detectEncoding(start: Buffer): Encoding {
  if (start[0] === 0xff && start[1] === 0xfe) return 'utf-16le';
  if (start[0] === 0xfe && start[1] === 0xff) return 'utf-16be';
  const zero = [0, 1, 2, 3].map((at) => start[at] === 0);
  if (zero[1] && zero[3] && !zero[0]) throw createMarkProblem('utf-16le');
  if (zero[0] && zero[2] && !zero[1]) throw createMarkProblem('utf-16be');
  return 'utf-8';
}

function decode(decoder: TextDecoder, chunk: Buffer, onInvalid: () => never): string {
  try {
    return decoder.decode(chunk, { stream: true });
  } catch {
    return onInvalid();
  }
}

/** The number of line ends before the first line that is not valid. Only UTF-8 can be judged line by line. */
function countBadLine(bytes: Buffer, encoding: Encoding): number {
  if (encoding !== 'utf-8') return 0;
  let start = 0;
  // The chunk may begin inside a character.
  while (start < bytes.length && start < 4 && ((bytes[start] ?? 0) & 0xc0) === 0x80) start += 1;
  for (let count = 0; ; count += 1) {
    const end = bytes.indexOf(0x0a, start);
    if (end === -1 || !isUtf8(bytes.subarray(start, end))) return count;
    start = end + 1;
  }
}

function countNewlines(text: string): number {
  let count = 0;
  for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) count += 1;
  return count;
}

const createEncodingProblem = (encoding: Encoding, line: number) =>
  fatalSourceProblem(
    line,
    encoding === 'utf-8'
      ? 'the text is not valid UTF-8. Save the source as UTF-8, or set source.encoding, for example to windows-1252.'
      : `the text is not valid ${encoding}. Correct source.encoding.`,
  );

const createMarkProblem = (encoding: Encoding) =>
  fatalSourceProblem(
    1,
    `the text seems to be UTF-16 without a byte order mark. Set source.encoding to ${encoding}, or save the source as UTF-8.`,
  );
