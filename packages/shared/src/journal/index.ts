// The intake journal: every accepted request, in the object store, until its render has ended.
//
// entry.ts           an entry, its key and its form
// journal-writer.ts  writes entries before the callers are answered; calls that arrive together share one (producer)
// journal.ts         lists, reads and deletes entries (restore, sweep)
export { entryContentType, JOURNAL_PREFIX, type JournalEntry, readEntryTime } from './entry.ts';
export { deleteEntry, type ListedEntry, listEntries, readEntry } from './journal.ts';
export {
  createJournalWriter,
  type JournalReceipt,
  type JournalWriter,
  type JournalWriterOptions,
} from './journal-writer.ts';
