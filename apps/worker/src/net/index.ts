// guarded-lookup.ts   a socket's DNS look-up that checks each address before the socket connects
// dns-lookup.ts       names resolved by DNS itself, without the threads that all look-ups share
export * from './dns-lookup.ts';
export * from './guarded-lookup.ts';
