/*
 * Webhooks of ended tasks:
 *   event.ts           the event and its signature
 *   webhook-sender.ts  deliveries and retries
 */
export {
  type WebhookProgress,
  type WebhookRecord,
  WebhookSender,
  type WebhookTarget,
} from './webhook-sender.ts';
