// Dead letters: the endpoints below /v1/dead-letters, for operators.
//
// routes.ts              the paths, and what they answer
// actions.ts             list, group, find, discard; also for the pages
// filter.ts              query parameters and filters; which dead letters a caller sees
// select.ts              the dead letters that a request body selects
// read-dead-letters.ts   all open dead letters, kept in memory
// dead-letter.ts         one of them, as it is kept in memory
// expiring-images.ts     paid images that expire soon: of dead letters, and those that are being stored
// normalize-message.ts   messages without ids and numbers, so that equal causes form one group
// forecast-redrive.ts    what a redrive would do with a dead letter, and what it would cost
// summarize.ts           groups with their counts and amounts
// responses.ts           dead letters as the API shows them
// discard.ts             removes dead letters, and records it
export {
  type DeadLetterDeps,
  discardSelected,
  findDeadLetter,
  forecastContext,
  listSelected,
  summarizeSelected,
} from './actions.ts';
export type { OpenDeadLetter } from './dead-letter.ts';
export { createExpiringImagesReader, type ReadExpiringImages } from './expiring-images.ts';
export { operatorScope, readListQuery, readSummaryQuery } from './filter.ts';
export { type ForecastContext, forecastRedrive } from './forecast-redrive.ts';
export { createDeadLetterReader, type ReadDeadLetters } from './read-dead-letters.ts';
export { deadLetterDetail, deadLetterResponse } from './responses.ts';
export { registerDeadLetters } from './routes.ts';
export { selectDeadLetters } from './select.ts';
export { GROUP_KEY, type RedriveTallies } from './summarize.ts';
