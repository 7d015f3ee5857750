// announce.ts       an end of a render becomes jobs, one for each URL that is told
// notify-stage.ts   one try to tell one URL
// message.ts        what is told, and its signature
// post.ts           one POST: no redirects, no private addresses, a bounded answer
// answer.ts         what a receiver's answer means (pure)
// places.ts         how many messages one receiver may have under way, and when the others come
// stand-back.ts     what becomes of a message that finds no place
// schedule.ts       when to try again (pure)
// deps.ts           what telling works with

export * from './deps.ts';
export { enqueueWebhooks } from './enqueue-webhooks.ts';
export { type HostSlotsOptions, openHostSlots } from './host-slots.ts';
export { openPoster } from './poster.ts';
export { webhookStage } from './webhook-stage.ts';
