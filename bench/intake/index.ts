// rates.ts      renders per second of bulk and single calls
// memory.ts     memory of the producer during one long call
// delivery.ts   time from a job's completion until its caller knows
// caller.ts     the HTTP caller of all three, and of the scenario journal
export { createBulkBody, sendBulk, sendSingles } from './caller.ts';
export * from './delivery.ts';
export * from './memory.ts';
export * from './rates.ts';
