// verify-webhook.ts   checks the signature, the age and the body of a webhook
//
// This folder is an entry of the package, `@darkroom/client/webhooks`: a receiver of webhooks does not load the client.
export { DarkroomError } from '../errors.ts';
export type { WebhookEvent } from '../types.ts';
export { type VerifyOptions, verifyWebhook, type WebhookHeaders } from './verify-webhook.ts';
