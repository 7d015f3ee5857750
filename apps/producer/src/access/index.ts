// caller.ts        identifies the caller; what a route can need (main decision: hasRole)
// guard.ts         checks every request before its body is read
// own-host.ts      rejects requests to other host names, in deployments without keys
// cross-site.ts    rejects changes that pages of other sites ask a browser for
// key-limits.ts    how often a key may call, and how large its bodies may be
// waiting-limit.ts how many requests of a key may wait at the same time
// signed-links.ts  links that work without a key until they expire
export { type Caller, describeCaller, hasRole, type Needs, requireTenant } from './caller.ts';
export { guardRoutes } from './guard.ts';
export { createSignedLinks, type SignedLinks } from './signed-links.ts';
export { createWaitingLimit, type LimitWaiting } from './waiting-limit.ts';
