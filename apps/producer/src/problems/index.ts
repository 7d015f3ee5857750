// problem.ts      every way in which the API says no, as an RFC 9457 answer
// to-problem.ts   any failure as such an answer
export * from './problem.ts';
export * from './to-problem.ts';
