// API keys: the endpoints below /v1/keys, for operators of all tenants.
//
// routes.ts       the paths, and what they answer
// change-keys.ts  makes and revokes keys, and records it; also for the page of keys
// responses.ts    keys as the API shows them
export { type ChangeKeysDeps, createKey, revokeKey } from './change-keys.ts';
export { keyResponse } from './responses.ts';
export { registerKeys } from './routes.ts';
