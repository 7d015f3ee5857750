// render-queue.ts        the producer's calls to the queue: with deadlines, and one error when the queue is away
// webhook-deliveries.ts  the webhooks of a render: found by their ids, sent again
// wait-conditions.ts     what keeps renders waiting, read at most once per second
// deadlines.ts           deadlines for calls to the store, and for anything else
export * from './deadlines.ts';
export * from './render-queue.ts';
export * from './wait-conditions.ts';
export * from './webhook-deliveries.ts';
