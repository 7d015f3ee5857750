// Redrives: what producer and worker know of them. A redrive executes a plan, which is a fixed set of failed renders.
//
// records.ts       the records in the store and in the queue: plan, redrive, control, end
// marks.ts         the state of each render of a redrive, as one character, and the counts of a part
// redrive-store.ts reads and writes the records in the store
// redrive-queue.ts adds the job of a redrive to its queue
export * from './marks.ts';
export * from './records.ts';
export * from './redrive-queue.ts';
export * from './redrive-store.ts';
