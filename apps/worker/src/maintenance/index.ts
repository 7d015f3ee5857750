// resume-submissions.ts   the account cannot buy: pause, look, resume
// sweep.ts                dead letters that a crash left out
export * from './resume-submissions.ts';
export * from './sweep.ts';
