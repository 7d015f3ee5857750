// caller.ts        who calls, with which roles; what a route can need (main decision: hasRole)
// guard.ts         checks every request before its body is read
// key-ring.ts      the API keys of the settings and of the store
// access-store.ts  …the objects below access/: keys, revocations, ends of sessions
// sessions.ts      browsers in which a person entered a key
// wrong-keys.ts    how many wrong keys an address can try
// own-host.ts      rejects requests to other host names, in deployments without keys
// access-check.ts  whether a caller still has access, for requests that last
// cross-site.ts    rejects changes that pages of other sites ask a browser for
// key-limits.ts    how often a key may call, and how large its bodies may be
// waiting-limit.ts how many requests of a key may wait at the same time
// signed-links.ts  links that work without a key until they expire
export { createAccessCheck, type HasAccess } from './access-check.ts';
export { type Caller, describeCaller, hasRole, type Needs, requireTenant } from './caller.ts';
export { guardRoutes, SIGN_IN_PATH } from './guard.ts';
export { createKeyRing, type KeyRing, type ListedKey } from './key-ring.ts';
export { createSessions, hasSessionCookie, type Sessions } from './sessions.ts';
export { createSignedLinks, type SignedLinks } from './signed-links.ts';
export { createWaitingLimit, type LimitWaiting } from './waiting-limit.ts';
export { type CountWrongKey, createWrongKeyLimit } from './wrong-keys.ts';
