// records.ts    what the store has of a run: request, plan, control, summary
// run-keys.ts   its keys, and the ids that are derived from a run
// retry.ts      which items a retry of a run buys again
// run-store.ts  reads and writes the records
// run-queue.ts  adds the job of a run to its queue
export * from './records.ts';
export * from './retry.ts';
export * from './run-keys.ts';
export * from './run-queue.ts';
export * from './run-store.ts';
