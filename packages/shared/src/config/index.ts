// settings.ts   every setting with its range and default
// parse.ts      reads the environment once and tells all problems at once
export * from './parse.ts';
export * from './settings.ts';
