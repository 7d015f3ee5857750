// Pure: no I/O, no clock, no chance of its own.
//
// decide.ts           what each trouble means: retry, wait, hold, buy again, dead
// backoff.ts          how long until the next try
// plan-look.ts        when to look at a task next
// latency-sketch.ts   what tasks took lately
export * from './backoff.ts';
export * from './decide.ts';
export * from './latency-sketch.ts';
export * from './next-poll-delay.ts';
