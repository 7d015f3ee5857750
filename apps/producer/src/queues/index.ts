// What operators do with whole queues: the endpoints below /v1/queues.
//
// routes.ts   list, pause, resume (main decision: who may pause what)
export { registerQueues } from './routes.ts';
