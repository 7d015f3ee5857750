// transport.ts            requests, sent again where that is safe
// answer.ts               an answer, read as JSON or as it comes
// refusal.ts              an answer that says no → an error
// retry-timing.ts         when to try again: pure
// patience.ts             failures counted, pauses made
// limit.ts                the caller's signal and a time limit as one
// lines.ts                bytes → lines
// server-sent-events.ts   lines → events
export { type Answer, parse } from './answer.ts';
export { limit, unlessAborted } from './limit.ts';
export { lines } from './lines.ts';
export { pause, type Retry } from './patience.ts';
export { problemError } from './refusal.ts';
export { type RetryOptions, retryPolicy } from './retry-timing.ts';
export { serverSentEvents } from './server-sent-events.ts';
export { createTransport, type Transport } from './transport.ts';
