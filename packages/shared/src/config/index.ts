// settings.ts   every setting with its meaning, range and default
// parse.ts      reads the environment once and tells all problems at once
// per-tenant.ts values of a tenant, or of all
// prices.ts     what a render costs at the provider
// describe.ts   help texts and docs/settings.md, made from the schema
export * from './describe.ts';
export * from './parse.ts';
export * from './per-tenant.ts';
export * from './prices.ts';
export * from './settings.ts';
