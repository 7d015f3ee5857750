// listener.ts  a loopback port that can refuse, cut, stall and resume connections
// tcp.ts       a proxy for bytes: for Redis and everything else
// http.ts      a proxy for requests: for S3 and the provider, with faults by method and path
// fault.ts     the faults of one request
export type { HttpFault } from './fault.ts';
export { type HttpProxy, startHttpProxy } from './http.ts';
export { type Proxy, startProxy } from './tcp.ts';
