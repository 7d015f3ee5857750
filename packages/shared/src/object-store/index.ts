// object-store.ts  the interface, and its one error
// open-store.ts    opens the store that STORE_URL names
// probe.ts         proves that a store honours put-if-absent
// ensure-object.ts  writes an object unless the store has it and it is young
// keys.ts          the keys, prefixes and metadata that both stores accept
// body.ts          checks the size of bodies; translates the errors of operations
// s3/              the store on S3
// folder/          the store in a folder
export { ensureObject, isOld, renewObject } from './ensure-object.ts';
export {
  type ExpiryRule,
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
