// problem.ts         every error that the API reports, as an RFC 9457 problem
// to-problem.ts      any error as such a problem (main decision: toProblem)
// The issues of zod become field, expected and received in @darkroom/shared/field-problems.
export * from '@darkroom/shared/field-problems';
export * from './problem.ts';
export * from './to-problem.ts';
