// render-queue.ts        the producer's calls to the queue: with deadlines, and one error when the queue is away
// dead-letter-queue.ts   the producer's calls to the queue of dead letters
// redrive-queue.ts       the producer's calls to the queue of redrives
// catalogue-queue.ts     the producer's calls to the queue of catalogue runs
// queue-position.ts      the position of a render among those that wait for their submission
// forecast-samples.ts    the latest ends of jobs, from which forecasts are made; waiting renders by lane
// submit-quota.ts        the quota of submissions that the workers obey, and how tenants share it
// tenant-lines.ts        the tenants whose submissions wait
// webhook-deliveries.ts  the webhooks of a render: found by their ids, sent again
// intake-recorder.ts     the journal of accepted renders; waits for the disk of the queue
// live-controls.ts       limits, drains, and the workers that were seen
// announce.ts            makes workers see a change in the store at once
// pause-book.ts          pauses of submission and of queues, in the store and in the queue
// queue-state.ts         whether the queue has everything that was accepted
// wait-conditions.ts     what keeps renders waiting, read at most once per second
// run-intake.ts          which labels name runs; adds renders to them
// deadlines.ts           deadlines for calls to the store, and for anything else
export * from './catalogue-queue.ts';
export * from './dead-letter-queue.ts';
export * from './deadlines.ts';
export * from './forecast-samples.ts';
export * from './intake-recorder.ts';
export * from './live-controls.ts';
export * from './pause-book.ts';
export * from './queue-position.ts';
export * from './queue-state.ts';
export * from './redrive-queue.ts';
export * from './render-queue.ts';
export * from './run-intake.ts';
export * from './submit-quota.ts';
export * from './tenant-lines.ts';
export * from './wait-conditions.ts';
export * from './webhook-deliveries.ts';
