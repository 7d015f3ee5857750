// fates.ts      what can happen to one render at the provider, and how many renders of a night it happens to
// plan.ts       one night, drawn from its seed: the renders with their fates, and when workers and store fail
// processes.ts  a producer, two workers, Redis, and S3 behind a front end that can fail
// incidents.ts  makes the planned incidents happen
// operator.ts   cancels, states and redrives through the API while the night goes on
// audit.ts      compares the renders of the API with the purchase log of the provider
// report.ts     what happened, for people who read a failure
export { type Audit, auditNight } from './audit.ts';
export { runIncidents } from './incidents.ts';
export { openOperator } from './operator.ts';
export { planNight, readSeed } from './plan.ts';
export { startNight } from './processes.ts';
export { formatNight } from './report.ts';
