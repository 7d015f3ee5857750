// settings.ts    every setting with its meaning, range and default
// parse.ts       reads the environment once and reports all problems together
// per-tenant.ts  settings with a value for each tenant
// prices.ts      the provider's price of a render
// limits.ts      the limits that operators change at run time, and their ranges
// describe.ts    help texts and docs/settings.md, made from the schema
export * from './describe.ts';
export * from './limits.ts';
export * from './parse.ts';
export * from './per-tenant.ts';
export * from './prices.ts';
export * from './settings.ts';
