// server.ts        the HTTP server: request ids, security headers, problems, log lines (main decision: sendProblem)
// body.ts          which bodies are accepted, and how they are read
// body-timeout.ts  how long a body may take
// connection-limit.ts  how many connections are served
// query.ts        checked query parameters
// send-lines.ts   streams values as lines of JSON
// base-url.ts      the URL by which the caller reached this API
// drain.ts         closes the server within a deadline
export * from './base-url.ts';
export * from './body.ts';
export { extendBodyTimeout, liftBodyTimeout, limitBodyTime } from './body-timeout.ts';
export * from './drain.ts';
export * from './query.ts';
export * from './send-lines.ts';
export * from './server.ts';
