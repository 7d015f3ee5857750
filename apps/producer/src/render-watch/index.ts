// render-watch.ts   when a caller that waits should read its render again (main decision: watch)
// render-events.ts  the queue's events of one render
// event-stream.ts   snapshots of a render as server-sent events
export * from './event-stream.ts';
export * from './render-watch.ts';
