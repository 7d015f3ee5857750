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

/** The key of an entry. Keys are in order of time. @param token makes the key unique */
export const entryKey = (writtenAt: number, token: string) =>
  `${JOURNAL_PREFIX}${String(writtenAt).padStart(13, '0')}-${token}.json`;

/** When the entry of a key was written, in Unix milliseconds. @returns `undefined` for another key */
export function readEntryTime(key: string): number | undefined {
  const found = /^intake\/(\d{13})-[0-9a-f]+\.json$/.exec(key);
  return found ? Number(found[1]) : undefined;
}

/** @returns bytes, because a string as the body of a request is encoded slowly. */
export const serializeEntry = (checkpoints: readonly SerializedCheckpoint[]): Buffer =>
  Buffer.from(`{"version":${DATA_VERSION},"checkpoints":[${checkpoints.map(({ json }) => json).join(',')}]}`);

/**
 * Parses an entry of any known version.
 *
 * @throws {NewerDataError} for an entry that a newer Darkroom wrote, {Error} for a body that is no entry.
 */
export function parseEntry(key: string, body: Uint8Array): JournalEntry {
  const value = upgradePersisted('journal-entry', JSON.parse(Buffer.from(body).toString('utf8')));
  const { checkpoints } = value as { checkpoints?: unknown };
  const writtenAt = readEntryTime(key);
  if (!Array.isArray(checkpoints) || writtenAt === undefined) throw new Error(`${key} is no journal entry`);
  return { key, writtenAt, checkpoints: checkpoints.map(readCheckpoint) };
}
