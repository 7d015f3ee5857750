/** A line of a body, without its end. `number` counts from 1. */
export interface Line {
  number: number;
  /** Absent when the line is longer than allowed: what it held was let go of. */
  bytes?: Buffer;
}

/**
 * A body line by line: an array for each piece of it that ended some. No more of the body is read than was asked for,
 * and no more of it is held than the line that has not ended yet.
 *
 * @param limit bytes of one line.
 */
export async function* splitLines(body: AsyncIterable<Buffer>, limit: number): AsyncGenerator<Line[]> {
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
  for await (const piece of body) {
    const lines: Line[] = [];
    let start = 0;
    for (let at = piece.indexOf(0x0a); at !== -1; at = piece.indexOf(0x0a, start)) {
      add(piece.subarray(start, at));
      lines.push(end());
      start = at + 1;
    }
    add(piece.subarray(start));
    if (lines.length > 0) yield lines;
  }
  if (size > 0) yield [end()];
}
