// What operators control while the worker runs.
//
// control-watch.ts     reads pauses, limits and drains twice a second (main decision: what a change wakes or withdraws)
// live-limits.ts       the limits of this process: of its settings, or of an operator
// submit-limiter.ts    a quota per minute as BullMQ's limiter (pure)
// drain.ts             this process takes no more jobs, because an operator drains it
// worker-report.ts     writes to the queue what this process does
// paused-renders.ts    wakes renders whose pause has ended, and takes paused submissions out of their queue
// sweep-control.ts     deletes pauses and passes that have ended
// sweep-limits.ts      records the ends of overrides in the audit log
// sweep-workers.ts     deletes what is left of processes that are gone
export { openControlWatch } from './control-watch.ts';
export { createDrainState, type DrainedWorkers } from './drain.ts';
export { createLiveLimits, type LiveLimits } from './live-limits.ts';
export { createSubmitLimiter } from './submit-limiter.ts';
export { sweepControl } from './sweep-control.ts';
export { sweepLimits } from './sweep-limits.ts';
export { sweepWorkers } from './sweep-workers.ts';
export { openWorkerReport } from './worker-report.ts';
