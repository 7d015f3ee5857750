// Sends webhooks. The worker sends those of its queue; the producer sends alarms, which must not wait for Redis.
//
// poster.ts            one POST: no redirects, no private addresses, a bounded response
// post-answer.ts       what a receiver's response means (pure)
// sign.ts              headers and signatures
// webhook-schedule.ts  when to send a webhook again
export * from './poster.ts';
export * from './sign.ts';
export * from './webhook-schedule.ts';
