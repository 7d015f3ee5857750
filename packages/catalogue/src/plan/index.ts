// create-plan.ts    a whole plan, or all problems
// decide-items.ts   the stream of decisions (main decision: what is bought, and why)
// list-items.ts     the items of the rows; which rows are not valid
// quarantine.ts     the rows that are not valid
// map-in-order.ts   several calls at the same time, results in order
// tally.ts          counts, price, samples
// forecast.ts       when a run would end
// guards.ts         what stops a run before it spends
// plan-file.ts      plan.json
export { type CheckResult, checkCatalogue, createPlan, type Plan, type PlanInput } from './create-plan.ts';
export { createManifestInputs, type Decision } from './decide-items.ts';
export { type Forecast, findDeadline } from './forecast.ts';
export { GUARDS, type GuardName } from './guards.ts';
export { type PlanFile, planFileSchema } from './plan-file.ts';
