// queues.ts        every queue: its name, payload and result types, retention and priorities
// webhook-id.ts    ids of webhooks
// wake-render.ts   makes a waiting render check its cancel marker at once
export * from './queues.ts';
export * from './wake-render.ts';
export * from './webhook-id.ts';
