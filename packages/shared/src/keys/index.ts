// api-keys.ts     API keys: their form in the settings; creates and finds keys
// link-signer.ts  signed links to the API's own addresses, which work without a key until they expire
// stored-secret.ts  a secret that all processes of a store share
export * from './api-keys.ts';
export * from './link-signer.ts';
export { readOrCreateSecret } from './stored-secret.ts';
