// location.ts    a path, a URL or an object as a stream
// open-url.ts    https: redirects, incomplete downloads
// snapshot.ts    a complete copy of a source, with its digest
// row.ts         what a row is
// read-text.ts   encodings, line ends
// read-csv.ts    the rows of a CSV (main decision: what is a problem of a row, and what ends the reading)
// read-jsonl.ts  the rows of JSONL
// read-rows.ts   the rows of a source in either format
export { classifyLocation, type LocationDeps, openLocation } from './location.ts';
export type { OpenLocation } from './open-url.ts';
export { readRows } from './read-rows.ts';
export type { Row } from './row.ts';
export { type SourceSnapshot, takeSnapshot } from './snapshot.ts';
