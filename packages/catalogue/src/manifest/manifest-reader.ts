import { createHash } from 'node:crypto';
import { closeSync, createReadStream, openSync, readSync } from 'node:fs';
import { FatalProblem } from '../problems.ts';
import { createDigestTable } from './digest-table.ts';
import { formatItemId, type ManifestEntry, manifestEntrySchema } from './entry.ts';

/** A manifest on this machine. Entries are read from the file when they are needed. */
export interface ManifestReader {
  /** Of the file's bytes, in hex. */
  sha256: string;
  items: number;
  /** Products: items with the same key count once. */
  rows: number;
  /** The entry of an item. */
  find(id: { key: string; view: string | null }): ManifestEntry | undefined;
  /** The entry of an item. From then on, the item does not count as removed. */
  take(id: { key: string; view: string | null }): ManifestEntry | undefined;
  /** The entries that were not taken, in the order of the file. */
  listRemoved(): Iterable<ManifestEntry>;
  close(): void;
}

/** A line is shorter than this many bytes. A place in the file is `offset * MAX_LINE_BYTES + length`. */
const MAX_LINE_BYTES = 2 ** 16;

/** Reads the places of all entries of a manifest. @throws {FatalProblem} for a file that is no manifest */
export async function openManifest(path: string): Promise<ManifestReader> {
  const table = createDigestTable();
  const digest = createHash('sha256');
  let line = 0;
  let rows = 0;
  let lastKey: string | undefined;
  for await (const { bytes, offset } of readLines(path, (chunk) => digest.update(chunk))) {
    line += 1;
    const entry = parseEntry(bytes, line);
    // A row without a valid key was in quarantine. It names no item.
    if (entry.key === '') continue;
    if (table.add(formatItemId(entry), offset * MAX_LINE_BYTES + bytes.length) !== undefined)
      throw createManifestProblem(line, `the manifest has the item ${entry.key} twice`);
    // The views of a product follow each other.
    if (entry.key !== lastKey) rows += 1;
    lastKey = entry.key;
  }
  const file = openSync(path, 'r');
  const buffer = Buffer.alloc(MAX_LINE_BYTES);
  const readAt = (place: number): ManifestEntry => {
    const length = place % MAX_LINE_BYTES;
    readSync(file, buffer, 0, length, Math.floor(place / MAX_LINE_BYTES));
    return JSON.parse(buffer.toString('utf8', 0, length)) as ManifestEntry;
  };
  return {
    sha256: digest.digest('hex'),
    items: table.size,
    rows,
    find(id) {
      const place = table.get(formatItemId(id));
      return place === undefined ? undefined : readAt(place);
    },
    take(id) {
      const text = formatItemId(id);
      const place = table.get(text);
      if (place === undefined) return undefined;
      table.mark(text);
      return readAt(place);
    },
    *listRemoved() {
      for (const place of table.listUnmarked()) yield readAt(place);
    },
    close: () => closeSync(file),
  };
}

function parseEntry(bytes: Buffer, line: number): ManifestEntry {
  if (bytes.length >= MAX_LINE_BYTES)
    throw createManifestProblem(line, 'the line of the manifest is too long');
  try {
    return manifestEntrySchema.parse(JSON.parse(bytes.toString()));
  } catch (error) {
    throw createManifestProblem(line, 'the line of the manifest cannot be read', error);
  }
}

const createManifestProblem = (line: number, message: string, cause?: unknown) =>
  new FatalProblem({ in: 'manifest', line, field: null, message }, { cause });

async function* readLines(path: string, onChunk: (chunk: Buffer) => void) {
  let held: Buffer = Buffer.alloc(0);
  let offset = 0;
  for await (const chunk of createReadStream(path) as AsyncIterable<Buffer>) {
    onChunk(chunk);
    const bytes = held.length > 0 ? Buffer.concat([held, chunk]) : chunk;
    let start = 0;
    for (let end = bytes.indexOf(10); end !== -1; end = bytes.indexOf(10, start)) {
      if (end > start) yield { bytes: bytes.subarray(start, end), offset: offset + start };
      start = end + 1;
    }
    held = bytes.subarray(start);
    offset += start;
  }
  if (held.length > 0) yield { bytes: held, offset };
}
