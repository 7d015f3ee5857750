// json.ts          bytes → JSON value, or what is wrong with them
// lines.ts         a body → its lines, as they come in
// items.ts         a bulk body → its items in batches, JSON array or NDJSON
// request.ts       JSON value → checked request and idempotency key
// data-uri.ts      a data URI → verified image bytes
// references.ts    images and mask of a request → what the queue may hold, and what the store must
// webhook-url.ts   which webhooks a request may name
// fingerprint.ts   when two requests are the same request
// door.ts          one render through the door: stored, queued, or found to be there already
// bulk-door.ts     any number of them, each answered by itself, a few batches at a time
// batch.ts         one batch of them
// checkpoint.ts    the first checkpoint of a render, and its size
export * from './accept-bulk.ts';
export * from './accept-render.ts';
export * from './bulk-items.ts';
export * from './json.ts';
export type { TenantUploads } from './references.ts';
export * from './request.ts';
