// addresses.ts        which IP addresses are public
// guarded-lookup.ts   a socket's DNS look-up that judges what it is going to connect to
// dns-lookup.ts       names resolved without the threads that all look-ups share
export * from './addresses.ts';
export * from './dns-lookup.ts';
export * from './guarded-lookup.ts';
