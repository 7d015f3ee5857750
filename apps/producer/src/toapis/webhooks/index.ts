// route.ts       POST /v1/webhooks/toapis
// signature.ts   whether a webhook is the provider's
// event.ts      what we read of it, and what may become of it
// settle.ts      what it means for a render
// amend.ts       what it means for one that was canceled: its cost
export { registerWebhooks } from './route.ts';
