// clock.ts   the only door to real time and chance
export * from './clock.ts';
