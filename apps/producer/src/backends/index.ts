// render-queue.ts   the queue calls of the door: bounded in time, every failure in our own words
// bounded.ts        a limit for calls to the object store
export * from './deadlines.ts';
export * from './render-queue.ts';
