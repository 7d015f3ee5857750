// Webhooks: one job for each end of a render, of a run, or of a run of a catalogue, and each URL.
//
// enqueue-webhooks.ts   an end of a render becomes jobs
// webhook-stage.ts      one try to deliver one webhook
// webhook-message.ts    the bodies
// host-slots.ts         how many webhooks one host may have in flight, and when the others come
export {
  countWebhooks,
  enqueueCatalogueWebhook,
  enqueueRunWebhooks,
  enqueueWebhooks,
} from './enqueue-webhooks.ts';
export { openHostSlots } from './host-slots.ts';
export { type WebhookDeps, webhookStage } from './webhook-stage.ts';
