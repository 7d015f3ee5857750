// route.ts       POST /v1/webhooks/toapis
// signature.ts   whether a webhook is the provider's
// settle.ts      what it means for a render
export { providerWebhooks } from './route.ts';
