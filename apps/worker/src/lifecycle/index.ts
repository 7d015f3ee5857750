// Lifecycle rules of the bucket: what the store may delete by itself, and what must stay.
//
// kept-objects.ts   for each prefix of the store: how long its objects must stay, and what breaks without them
// harmful-rules.ts  finds the rules that delete objects too early: pure
// warn-of-rules.ts  reads the rules at start and logs a warning for each harmful one
export { warnOfHarmfulRules } from './warn-of-rules.ts';
