// Lifecycle rules of the bucket: what the store may delete by itself, and what must stay.
//
// kept-objects.ts   for each prefix of the store: how long its objects must stay, and what breaks without them
// harmful-rules.ts  finds the rules that delete objects too early: pure
export { findHarmfulRules, type HarmfulRule } from './harmful-rules.ts';
export { listKeptObjects } from './kept-objects.ts';
