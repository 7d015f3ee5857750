// What operators control while the worker runs.
//
// control-watch.ts     reads the pauses twice a second (main decision: what a change wakes or withdraws)
// paused-renders.ts    wakes renders whose pause has ended, and takes paused submissions out of their queue
// sweep-control.ts     deletes pauses and passes that have ended
export { openControlWatch } from './control-watch.ts';
export { sweepControl } from './sweep-control.ts';
