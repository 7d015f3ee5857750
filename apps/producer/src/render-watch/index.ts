// following.ts     when a render is worth a look
// render-events.ts the queue's events, of one render at a time
// rest.ts          a sleep that can be ended
// event-stream.ts  what looks find, as server-sent events
// gone.ts          when a caller has gone away
export * from './event-stream.ts';
export * from './gone.ts';
export * from './render-watch.ts';
