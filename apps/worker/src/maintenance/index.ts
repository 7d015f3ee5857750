// resume-submissions.ts   the account cannot buy: pause, look, resume
// sweep.ts                deaths that nobody told
// sweep-cancels.ts        cancel markers that nobody saw
export * from './resume-submissions.ts';
export * from './sweep.ts';
export * from './sweep-cancels.ts';
