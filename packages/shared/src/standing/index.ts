// standing.ts  checkpoint and job, or receipt → what is known of a render
// view.ts      what is known of a render → what the API tells
// money.ts     micro-dollars as text
//
// All pure. The API answers with them, and webhooks carry the same.
export * from './money.ts';
export * from './standing.ts';
export * from './view.ts';
