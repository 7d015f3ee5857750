import { promisify } from 'node:util';
import zlib from 'node:zlib';
import {
  type Checkpoint,
  DATA_VERSION,
  readCheckpoint,
  type SerializedCheckpoint,
  upgradePersisted,
} from '../render/index.ts';

/** All entries of the journal have keys below it. */
export const JOURNAL_PREFIX = 'intake/';

/** One object of the journal: the first checkpoints of renders that were accepted together. */
export interface JournalEntry {
  key: string;
  /** Unix milliseconds. */
  writtenAt: number;
  checkpoints: Checkpoint[];
}

/** The object of an entry. */
export interface EntryObject {
  key: string;
  body: Uint8Array;
}

/** `intake/<written at>-<token>.json`, or `intake/<written at>-<token>-<bytes>.json.zst` for a compressed entry. */
const KEY = /^intake\/(\d{13})-[0-9a-f]+(?:\.json|-(\d+)\.json\.zst)$/;
/** Entries of single calls are smaller. To compress them saves nothing. */
const MIN_COMPRESSED_BYTES = 8_192;

const decompress = promisify(zlib.zstdDecompress);

/**
 * Serializes an entry. A large one is compressed: the requests of a bulk call are similar, and its bytes cost the producer
 * and the store more than compressing them. Keys are in order of time.
 *
 * @param token makes the key unique
 */
export function createEntryObject(
  checkpoints: readonly SerializedCheckpoint[],
  { writtenAt, token }: { writtenAt: number; token: string },
): EntryObject {
  const name = `${JOURNAL_PREFIX}${String(writtenAt).padStart(13, '0')}-${token}`;
  const bytes = serializeEntry(checkpoints);
  return bytes.length < MIN_COMPRESSED_BYTES
    ? { key: `${name}.json`, body: Buffer.from(bytes) }
    : { key: `${name}-${bytes.length}.json.zst`, body: compressEntry(bytes) };
}

/** The body of an entry that lost some of its renders, for the same key. */
export function createEntryBody(key: string, checkpoints: readonly SerializedCheckpoint[]): Uint8Array {
  const bytes = serializeEntry(checkpoints);
  return isCompressed(key) ? compressEntry(bytes) : Buffer.from(bytes);
}

/** When the entry of a key was written, in Unix milliseconds. @returns `undefined` for another key */
export function readEntryTime(key: string): number | undefined {
  const found = KEY.exec(key);
  return found ? Number(found[1]) : undefined;
}

/** How many bytes an entry has in memory. @param size of its object */
export const readEntrySize = ({ key, size }: { key: string; size: number }): number =>
  Number(KEY.exec(key)?.[2] ?? size);

/**
 * Parses an entry of any known version.
 *
 * @throws {NewerDataError} for an entry that a newer Darkroom wrote, {Error} for a body that is no entry.
 */
export async function parseEntry(key: string, body: Uint8Array): Promise<JournalEntry> {
  const bytes = isCompressed(key)
    ? await decompress(body, { maxOutputLength: readEntrySize({ key, size: body.length }) })
    : body;
  const value = upgradePersisted('journal-entry', JSON.parse(Buffer.from(bytes).toString('utf8')));
  const { checkpoints } = value as { checkpoints?: unknown };
  const writtenAt = readEntryTime(key);
  if (!Array.isArray(checkpoints) || writtenAt === undefined) throw new Error(`${key} is no journal entry`);
  return { key, writtenAt, checkpoints: checkpoints.map(readCheckpoint) };
}

/** The media type of the object with this key. */
export const entryContentType = (key: string): string =>
  isCompressed(key) ? 'application/zstd' : 'application/json';

const isCompressed = (key: string) => key.endsWith('.zst');

/**
 * Where entries are encoded, one after the other. A new buffer for each entry would cost as much as encoding it, and make
 * V8 collect its whole heap twice as often during a bulk call.
 */
let scratch = Buffer.allocUnsafeSlow(0);
/** A larger entry gets a buffer of its own, so that one unusual call holds no memory afterwards. */
const MAX_SCRATCH_BYTES = 4 * 1024 * 1024;

/**
 * Encodes all checkpoints into one buffer: to encode one long string, or to join the bytes of each checkpoint, takes at least
 * twice as long.
 *
 * @returns bytes that are valid until the next call. A string as the body of a request would be encoded slowly.
 */
function serializeEntry(checkpoints: readonly SerializedCheckpoint[]): Buffer {
  let bytes = scratch;
  let length = 0;
  const write = (text: string) => {
    // A code unit of UTF-16 has at most three bytes in UTF-8.
    const needed = length + 3 * text.length;
    if (needed > bytes.length) {
      const larger = Buffer.allocUnsafeSlow(Math.max(needed, 2 * bytes.length));
      bytes.copy(larger, 0, 0, length);
      bytes = larger;
      if (larger.length <= MAX_SCRATCH_BYTES) scratch = larger;
    }
    length += bytes.write(text, length);
  };
  write(`{"version":${DATA_VERSION},"checkpoints":[`);
  for (const [at, { json }] of checkpoints.entries()) {
    if (at > 0) write(',');
    write(json);
  }
  write(']}');
  return bytes.subarray(0, length);
}

/**
 * The fastest level that still finds what the requests have in common. It takes less time than to hand the bytes to another
 * thread.
 */
const compressEntry = (bytes: Buffer): Buffer =>
  zlib.zstdCompressSync(bytes, {
    chunkSize: 65_536,
    params: { [zlib.constants.ZSTD_c_compressionLevel]: 1 },
  });
