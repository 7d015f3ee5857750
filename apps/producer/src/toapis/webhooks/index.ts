// route.ts          POST /v1/webhooks/toapis
// signature.ts      checks that ToAPIs signed a webhook
// event.ts          the fields of an event, and its possible outcomes
// apply-event.ts    what an event changes in a render (main decision: applyProviderEvent)
// without-job.ts   what an event changes in a render that the queue does not have: its task is recorded in the ledger
// late-purchase.ts  what an event changes in a canceled render: its cost
export { listWebhookSecrets, registerWebhooks } from './route.ts';
