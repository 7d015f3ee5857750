// Sockets and servers: what store-image/ and webhooks/ share. Imports no other folder of the worker.
//
// guarded-lookup.ts   a DNS lookup for sockets that checks each address before the socket connects
// dns-lookup.ts       resolves names by DNS itself, without the threads that all system lookups share
export * from './dns-lookup.ts';
export * from './guarded-lookup.ts';
