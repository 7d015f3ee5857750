// transport.ts      sends a request, and retries it if that is safe
// response.ts       reads a response as JSON or as a stream; turns an error response into a DarkroomError
// retry-loop.ts     counts failures and waits between tries
// retry-timing.ts   how long to wait: pure functions
// time-limit.ts     the caller's signal and a time limit as one signal
// text-streams.ts   bytes to lines, lines to server-sent events
export { type ApiResponse, errorFromProblem, parseJson } from './response.ts';
export type { Retry } from './retry-loop.ts';
export { type RetryOptions, resolveRetryPolicy } from './retry-timing.ts';
export { parseServerSentEvents, readLines } from './text-streams.ts';
export { rejectOnAbort, sleepUnlessAborted, startTimeLimit } from './time-limit.ts';
export { createTransport, type Transport } from './transport.ts';
