// The provider's own addresses, in front of Darkroom: a service that calls ToAPIs changes its base URL.
//
// routes.ts     which address is what; everything below them says no as the provider does
// submit.ts     POST /v1/images/generations
// query.ts      GET /v1/images/generations/{id}
// upload.ts     POST /v1/uploads/images, and the pictures at their URLs
// balance.ts    GET /v1/balance, /v1/user/balance
//
// request.ts    the provider's request → ours
// again.ts      when a submission without an idempotency key is one that was made before
// task.ts       what is known of a render → the provider's task
// uploads.ts    pictures that tenants uploaded: kept, found, recognised in image_urls
// form.ts       multipart bodies
// picture.ts    bytes → what image they are
// account.ts    what the provider says of the account
// refusals.ts   our problems in the provider's envelope
// shapes.ts     the provider's answers as schemas
export { createBalanceReader } from './account.ts';
export { errorHandlerFor } from './envelope.ts';
export { registerDropIn } from './routes.ts';
export { createUploadStore } from './upload-store.ts';
