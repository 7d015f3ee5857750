// Everything in the producer that knows ToAPIs.
//
// drop-in/    ToAPIs' own paths: its clients change their base URL (main decision: drop-in/routes.ts)
// webhooks/   ToAPIs' webhooks about its tasks (main decision: webhooks/apply-event.ts)
export {
  createBalanceReader,
  createUploadStore,
  errorHandlerFor,
  readDollars,
  registerDropIn,
} from './drop-in/index.ts';
export { listWebhookSecrets, registerWebhooks } from './webhooks/index.ts';
