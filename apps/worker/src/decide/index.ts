// The worker's policy: what happens after each trouble, and how long each wait is.
// Pure, apart from situation.ts, which reads the clock once. Imports no other folder of the worker.
//
// decide.ts            what each trouble means: retry, wait, hold, buy again, dead
// situation.ts         what a decision depends on: limits from the settings, time, tries
// backoff.ts           how long until the next try
// next-poll-delay.ts   when to poll a task next
// latency-sketch.ts    how long recent tasks took
// time-limit.ts        whether a time limit is over, although the clock may jump
// pause-wait.ts         how long a paused render waits until it checks again
// account-check.ts     when to check a stopped account, and whether it may buy again
export * from './account-check.ts';
export * from './backoff.ts';
export * from './decide.ts';
export * from './latency-sketch.ts';
export * from './next-poll-delay.ts';
export * from './pause-wait.ts';
export * from './situation.ts';
export * from './time-limit.ts';
