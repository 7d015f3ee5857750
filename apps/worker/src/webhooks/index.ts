// Webhooks: one job for each end of a render and each URL.
//
// enqueue-webhooks.ts   an end of a render becomes jobs
// webhook-stage.ts      one try to deliver one webhook
// webhook-message.ts    body, headers, signatures
// poster.ts             one POST: no redirects, no private addresses, a bounded response
// post-answer.ts        what a receiver's response means (pure)
// host-slots.ts         how many webhooks one host may have in flight, and when the others come
export { countWebhooks, enqueueRunWebhooks, enqueueWebhooks } from './enqueue-webhooks.ts';
export { openHostSlots } from './host-slots.ts';
export { openPoster } from './poster.ts';
export { type WebhookDeps, webhookStage } from './webhook-stage.ts';
