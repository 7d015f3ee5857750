// problem.ts         every error that the API reports, as an RFC 9457 problem
// to-problem.ts      any error as such a problem (main decision: toProblem)
// openai-error.ts    a problem as OpenAI writes errors
// check-request.ts   a value of a caller, as a schema reads it
// The issues of zod become field, expected and received in @darkroom/shared/field-problems.
export * from '@darkroom/shared/field-problems';
export * from './check-request.ts';
export * from './openai-error.ts';
export * from './problem.ts';
export * from './to-problem.ts';
