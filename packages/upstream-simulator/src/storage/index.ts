/*
 * State on the disk or in memory:
 *   journal.ts  append-only records: tasks, balance, webhook deliveries
 *   blobs.ts    uploaded and inline images
 */
export { type Blobs, createMemoryBlobs, openBlobFolder } from './blobs.ts';
export { type Journal, NO_JOURNAL, openJournal } from './journal.ts';
