// answers.ts   the shapes that the API answers with, as zod schemas
// find.ts      a render in the queue, or its receipt
// standing.ts  checkpoint and job, or receipt → what is known of a render (pure)
// view.ts      what is known of a render → the answer (pure)
// money.ts     micro-dollars as text
export * from './answers.ts';
export * from './find.ts';
export * from './standing.ts';
export * from './view.ts';
