// server.ts       the HTTP server: ids, headers, problems, log lines
// body.ts         which bodies are read, and how
// body-time.ts    how long a body may take
// resource.ts     one address with its methods; every other method is answered 405
// base-url.ts     the address that a caller reached us by
// drain.ts        closing in time

export { type Endpoint, registerEndpoints } from '../endpoint.ts';
export * from './base-url.ts';
export * from './body.ts';
export { liftBodyTimeout } from './body-timeout.ts';
export * from './drain.ts';
export * from './server.ts';
