// listener.ts  a loopback port that can refuse, cut, stall and resume
// tcp.ts       bytes, for Redis and everything else
// http.ts      requests, for S3 and the provider: faults by method and path
// fault.ts     what can go wrong with one request
export type { HttpFault } from './fault.ts';
export { type HttpProxy, startHttpProxy } from './http.ts';
export { type Proxy, startProxy } from './tcp.ts';
