// logger.ts   pino, every line scrubbed
// scrub.ts    takes secrets out of a text
export * from './logger.ts';
export * from './scrub.ts';
