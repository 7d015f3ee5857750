// Sockets and servers: what providers/, store-image/ and webhooks/ share. Imports no other folder of the worker.
//
// guarded-lookup.ts   a DNS lookup for sockets that checks each address before the socket connects
// dns-lookup.ts       resolves names by DNS itself, without the threads that all system lookups share
// retry-after.ts      the header Retry-After as milliseconds
// error-cause.ts      the cause of anything that was thrown
export * from './dns-lookup.ts';
export * from './error-cause.ts';
export * from './guarded-lookup.ts';
export * from './retry-after.ts';
