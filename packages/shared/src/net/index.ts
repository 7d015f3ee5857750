// addresses.ts   which IP addresses are public
export * from './addresses.ts';
