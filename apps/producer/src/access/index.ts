// caller.ts        who is calling, and what they may do
// guard.ts         asks every caller, before anything of a request is read
// other-sites.ts  what pages of other sites may not
// key-rates.ts     how often a key may ask
// body-limit.ts    how much a key may send
// signed-links.ts  links that work without a key for a while
export { type Needs, requireTenant } from './caller.ts';
export { guardRoutes } from './guard.ts';
export { createSignedLinks, type SignedLinks } from './signed-links.ts';
