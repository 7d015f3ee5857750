// queues.ts       every queue: its name, payload and result types, retention, priorities and job ids
// wake-render.ts  makes a waiting render check its cancel marker at once
export * from './queues.ts';
export * from './wake-render.ts';
