// run-service.ts   a service's process, from its settings to its exit code
// open-parts.ts    engine and store as the settings name them
export * from './open-parts.ts';
export * from './run-service.ts';
