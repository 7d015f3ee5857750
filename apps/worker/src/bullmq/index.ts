// The only folder that knows how BullMQ moves jobs. No stage imports it: workers.ts hands its functions to the stages.
//
// processor.ts        a stage as a BullMQ processor: data in the present version, outcomes as moves and errors
// children.ts         a render's children: their state, adding them
// dead-letters.ts     one dead letter per failed render, and per webhook that was given up
// failed-renders.ts   failed renders as a redrive sees them; runs them again
// run-renders.ts      the renders of a run of a catalogue: adds them, reads whether they have ended, stops their purchases
// cancel-markers.ts   finds and removes the cancel marker of a render
// webhook-waker.ts    makes a deferred webhook run now
export * from './cancel-markers.ts';
export * from './children.ts';
export * from './dead-letters.ts';
export * from './failed-renders.ts';
export * from './processor.ts';
export * from './run-renders.ts';
export * from './webhook-waker.ts';
