// queues.ts   every queue: name, payload and result types, retention, priorities
export * from './queues.ts';
