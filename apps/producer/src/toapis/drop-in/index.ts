// routes.ts           the paths (main decision: errors below them have ToAPIs' form)
// submit.ts           POST /v1/images/generations
// query.ts            GET /v1/images/generations/{id}
// post-upload.ts      POST /v1/uploads/images
// get-upload.ts       GET /v1/uploads/images/{name}
// balance.ts          GET /v1/balance, /v1/user/balance
//
// request.ts          ToAPIs' request → a render request
// business-id-key.ts  client_business_id → idempotency key
// task.ts             a render's snapshot → ToAPIs' task
// upload-store.ts     uploaded images: saved, found, recognized in image_urls
// form.ts             multipart bodies
// account.ts          asks ToAPIs for the balance
// envelope.ts         problems in ToAPIs' error envelope
// schemas.ts          ToAPIs' responses as schemas
export { createBalanceReader, readDollars } from './account.ts';
export { errorHandlerFor } from './envelope.ts';
export { registerDropIn } from './routes.ts';
export { createUploadStore } from './upload-store.ts';
