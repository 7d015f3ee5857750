// queues.ts       every queue: name, payload and result types, retention, priorities
// wake.ts         has a render look at its cancel marker now
// messages.ts     the ids of webhooks
// deliveries.ts   how the webhooks of a render go
// redeliver.ts    tells a webhook again
export * from './deliveries.ts';
export * from './messages.ts';
export * from './queues.ts';
export * from './redeliver.ts';
export * from './wake.ts';
