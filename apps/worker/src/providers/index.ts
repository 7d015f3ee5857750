// provider.ts   what the worker needs of an image provider
// toapis/       ToAPIs
export * from './provider.ts';
export { openToapis } from './toapis/index.ts';
