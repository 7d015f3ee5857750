// object-store.ts   the interface, and its one error
// open-store.ts     from STORE_URL to a store
// probe.ts          proof that put-if-absent holds
// keys.ts           which keys, prefixes and metadata both stores take
// body.ts           bodies held to their size, operations held to their errors
// s3-store.ts       S3 and everything that speaks it
// s3-put.ts         uploads, and put-if-absent
// s3-client.ts      SDK clients: time limits, retries, addressing
// s3-errors.ts      what an S3 failure means
// s3-metadata.ts    any text in HTTP headers
// folder-store.ts   a folder
// folder-object.ts  one object: written whole, opened with what belongs to it
// folder-files.ts   files that are there whole or not at all, and survive a power cut
// folder-sidecar.ts content type and metadata, beside the object
// folder-list.ts    keys in order, from a tree of folders
// folder-errors.ts  what a failure of the file system means
export {
  isStoreAway,
  type ListPage,
  type ObjectBody,
  type ObjectInfo,
  type ObjectStore,
  type PutOptions,
  StoreError,
  type StoreErrorCode,
} from './object-store.ts';
export { type OpenStoreOptions, openStore } from './open-store.ts';
export { assertPutIfAbsent } from './probe.ts';
