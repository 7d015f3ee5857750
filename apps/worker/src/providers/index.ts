// The image providers. Imports of the worker only net/.
//
// provider.ts          what the worker needs of an image provider
// create-provider.ts   the provider that the settings name
// toapis/              ToAPIs
export { createProvider } from './create-provider.ts';
export type * from './provider.ts';
