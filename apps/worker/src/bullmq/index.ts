// outcomes.ts       a stage's outcome as BullMQ's moves and errors
// children.ts       a render's children: their state, adding them
// dead-letters.ts   one letter per dead render, and per webhook that nobody took
// cancels.ts        markers of renders that are to stop
// messages.ts       webhooks that wait for their receiver
export * from './cancel-markers.ts';
export * from './children.ts';
export * from './dead-letters.ts';
export * from './processor.ts';
export * from './webhook-waker.ts';
