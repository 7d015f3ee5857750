// addresses.ts        which IP addresses are public
// guarded-lookup.ts   a socket's DNS look-up that judges what it is going to connect to
export * from './addresses.ts';
export * from './guarded-lookup.ts';
