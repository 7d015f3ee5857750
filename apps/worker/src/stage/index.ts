// What all stages share. This folder imports no stage and nothing of BullMQ.
//
// A *stage* (file suffix `-stage`) is the function that processes the jobs of one queue: render, submit, store-image,
// webhook. A *step* (file suffix `-step`, in render/ only) is one part of a render job, named after the step of its
// checkpoint: submit, hold, poll, store, finish, bury, cancel.
//
// stage.ts          StageJob in, StageOutcome out; a render's children
// infra.ts          what every stage works with: settings, clock, log, store, ledger, provider, metrics
// failure.ts        failures, made from errors and made readable
// engine-errors.ts  errors after which a job is handed back to its queue without a verdict
// metrics.ts        the worker's Prometheus metrics
export * from './engine-errors.ts';
export * from './failure.ts';
export type * from './infra.ts';
export * from './metrics.ts';
export type * from './stage.ts';
