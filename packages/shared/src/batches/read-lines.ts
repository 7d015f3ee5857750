const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;
const BOM = Buffer.from([0xef, 0xbb, 0xbf]);

/** A line without its end. `too-long`: it has more bytes than are kept. */
export interface FileLine {
  /** From 1. Blank lines count. */
  number: number;
  bytes: Buffer | 'too-long';
}

/**
 * The lines of a stream of bytes, without a BOM and without blank lines. Lines end with LF or CR LF; the last one may have no
 * end. At most one line is in memory.
 */
export async function* readLines(
  content: AsyncIterable<Uint8Array>,
  maxBytes: number,
): AsyncGenerator<FileLine, void, void> {
  let number = 1;
  let parts: Uint8Array[] = [];
  let size = 0;
  const keep = (bytes: Uint8Array) => {
    size += bytes.length;
    if (size <= maxBytes + BOM.length + 1) parts.push(bytes);
    else parts = [];
  };
  const endLine = (): FileLine | undefined => {
    const bytes = trimLine(Buffer.concat(parts), number);
    const isTooLong = size > maxBytes && (parts.length === 0 || bytes.length > maxBytes);
    const line: FileLine = { number, bytes: isTooLong ? 'too-long' : bytes };
    [parts, size, number] = [[], 0, number + 1];
    return isTooLong || !isBlank(bytes) ? line : undefined;
  };
  for await (const chunk of content) {
    let start = 0;
    for (let at = chunk.indexOf(LINE_FEED); at !== -1; at = chunk.indexOf(LINE_FEED, start)) {
      keep(chunk.subarray(start, at));
      start = at + 1;
      const line = endLine();
      if (line) yield line;
    }
    keep(chunk.subarray(start));
  }
  const last = endLine();
  if (last) yield last;
}

function trimLine(bytes: Buffer, number: number): Buffer {
  const start = number === 1 && bytes.subarray(0, BOM.length).equals(BOM) ? BOM.length : 0;
  const end = bytes.at(-1) === CARRIAGE_RETURN ? bytes.length - 1 : bytes.length;
  return bytes.subarray(start, end);
}

const isBlank = (bytes: Buffer) => bytes.every((byte) => byte === 0x20 || byte === 0x09);
