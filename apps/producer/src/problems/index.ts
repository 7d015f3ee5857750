// problem.ts         every error that the API reports, as an RFC 9457 problem
// to-problem.ts      any error as such a problem (main decision: toProblem)
// field-problems.ts  zod's issues as field, expected and received
// check-request.ts   a value of a caller, as a schema reads it
export * from './check-request.ts';
export * from './field-problems.ts';
export * from './problem.ts';
export * from './to-problem.ts';
