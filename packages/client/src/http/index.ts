// transport.ts            requests, sent again where that is safe
// answer.ts               an answer, read as JSON or as it comes
// refusal.ts              an answer that says no → an error
// retry-timing.ts         when to try again: pure
// patience.ts             failures counted, pauses made
// limit.ts                the caller's signal and a time limit as one
// lines.ts                bytes → lines
// server-sent-events.ts   lines → events
export { type Answer, parse } from './response.ts';
export { limit, unlessAborted } from './time-limit.ts';
export { lines } from './text-streams.ts';
export { pause, type Retry } from './retry-loop.ts';
export { problemError } from './refusal.ts';
export { type RetryOptions, retryPolicy } from './retry-timing.ts';
export { serverSentEvents } from './server-sent-events.ts';
export { createTransport, type Transport } from './transport.ts';
