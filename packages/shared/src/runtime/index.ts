// clock.ts          the `Clock`: the only access to real time and random numbers
// share-runs.ts     callers that come together share one run of a piece of work
// timeouts.ts       timeouts that count only the time in which the process was awake
// error-message.ts  the message of any thrown value
// error-cause.ts    the cause of any thrown value
// logger.ts         pino, with every line scrubbed
// scrub.ts          removes secrets from a text
// version.ts        the version of this release
export * from './clock.ts';
export * from './error-cause.ts';
export * from './error-message.ts';
export * from './logger.ts';
export * from './scrub.ts';
export * from './share-runs.ts';
export * from './timeouts.ts';
export * from './version.ts';
