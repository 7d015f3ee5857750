// clock.ts   the only door to real time and chance
// awake.ts   a limit that a process which stood still has not reached
export * from './awake.ts';
export * from './clock.ts';
