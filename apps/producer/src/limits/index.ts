// Limits that operators change while the workers run: the endpoints below /v1/limits, for operators of all tenants.
//
// routes.ts         the paths, and what they answer
// change-limits.ts  overrides limits, and records it; also for the page of limits
// responses.ts      a limit as the API returns it
export { type LimitDeps, listLimits, setLimit, unsetLimit } from './change-limits.ts';
export { registerLimits } from './routes.ts';
