// run-service.ts    runs the process of a service, from its settings to its exit code
// open-backends.ts  opens the engine and the store that the settings name
export * from './open-backends.ts';
export * from './run-service.ts';
