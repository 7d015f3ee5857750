// render-snapshot.ts  all facts about a render, from its job and checkpoint or from its receipt
// render-response.ts  the API's response about a render, from its snapshot
// waiting.ts          what a render waits for, from its step and the state of the queues
//
// All of it is pure. The API and the webhooks send the same response.
export * from './render-response.ts';
export * from './render-snapshot.ts';
export * from './waiting.ts';
