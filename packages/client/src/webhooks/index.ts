// verify.ts   whether a webhook is Darkroom's
//
// An entry of its own: a receiver needs no client, and a client no receiver.
export { DarkroomError } from '../errors.ts';
export type { WebhookEvent } from '../types.ts';
export { type VerifyOptions, verifyWebhook, type WebhookHeaders } from './verify-webhook.ts';
