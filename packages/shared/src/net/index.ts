// Addresses, and sockets that connect to public ones only.
//
// addresses.ts        which addresses and names are public; Retry-After
// guarded-lookup.ts   a DNS lookup for sockets that checks each address before the socket connects
// dns-lookup.ts       resolves names by DNS itself, without the threads that all system lookups share
// webhook-url.ts      which URLs webhooks may go to
export * from './addresses.ts';
export * from './dns-lookup.ts';
export * from './guarded-lookup.ts';
export * from './webhook-url.ts';
