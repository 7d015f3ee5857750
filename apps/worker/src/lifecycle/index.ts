// warn-of-rules.ts  reads the lifecycle rules of the bucket at start and logs a warning for each harmful one
export { warnOfHarmfulRules } from './warn-of-rules.ts';
