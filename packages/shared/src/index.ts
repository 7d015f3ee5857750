// What producer and worker agree on. Imports no app, and of the workspace only the API's shapes.
//
// config/   settings, parsed once
// clock/    the only door to real time and chance
// log/      a logger that cannot tell secrets
// render/   a render as data: request, checkpoint, failure, receipt
// queues/   every queue, its payload and its retention
// engine/   where queues live: Redis, or PGlite in this process
// store/    where objects live: S3, or a folder
// ledger/   what was paid for
// standing/ what is known of a render, and how the API tells it
// access/   API keys, and links that work without one
// net/      which addresses are public, and a look-up that minds it
// service/  a service's process; engine and store as the settings name them
export * from './access/index.ts';
export * from './clock/index.ts';
export * from './config/index.ts';
export * from './engine/index.ts';
export * from './ledger/index.ts';
export * from './log/index.ts';
export * from './net/index.ts';
export * from './queues/index.ts';
export * from './render/index.ts';
export * from './service/index.ts';
export * from './standing/index.ts';
export * from './store/index.ts';
