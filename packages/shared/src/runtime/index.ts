// clock.ts          real time and chance; everything else takes a `Clock`
// awake-timeout.ts  a timeout that counts only the time in which the process was awake
// logger.ts         pino, with every line scrubbed
// scrub.ts          removes secrets from a text
export * from './awake-timeout.ts';
export * from './clock.ts';
export * from './logger.ts';
export * from './scrub.ts';
