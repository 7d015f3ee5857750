// The audit log: what operators did, in the object store.
//
// audit-entry.ts  one action, and the keys of its objects
// audit-log.ts    writes and lists entries
export * from './audit-entry.ts';
export * from './audit-log.ts';
