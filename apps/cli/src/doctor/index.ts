// examine.ts         opens everything that the settings name, and runs all checks: start here
// check.ts           what a check returns
// check-settings.ts  the settings, resolved and without secrets
// check-engine.ts    Redis: version, eviction, persistence, latency, clock
// check-store.ts     the object store: put, get, delete, clock, put-if-absent, lifecycle rules
// check-provider.ts  the provider's key, and its balance against the waiting work
// check-webhooks.ts  the receivers of webhooks
// check-queues.ts    depth, oldest render, pauses, account stop, dead letters
// check-workers.ts   workers and their versions
// check-clock.ts     the difference of two clocks
// check-api.ts       the producer that the other commands use
// report.ts          the report for people
export type { Check } from './check.ts';
export { checkApi } from './check-api.ts';
export { examine } from './examine.ts';
export { formatReport } from './report.ts';
