// api-keys.ts      keys: their form in the settings, making one, finding whose it is
// link-signer.ts   links to the API's own addresses that work without a key for a while
export * from './api-keys.ts';
export * from './link-signer.ts';
