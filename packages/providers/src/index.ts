// The image providers. Workers buy from them; the command line asks them for the balance.
//
// provider.ts          what the worker needs of an image provider
// create-provider.ts   the provider that the settings name
// toapis/              ToAPIs
export { createProvider } from './create-provider.ts';
export type * from './provider.ts';
export { createSubmissionBody } from './toapis/index.ts';
