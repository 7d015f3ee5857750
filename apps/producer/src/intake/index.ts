// accept-render.ts     accepts one render: stored, queued, or found under its key (main decision: acceptRender)
// accept-copy.ts       accepts a render that buys another one again
// accept-bulk.ts       accepts any number of renders, a few batches at a time, each answered separately
// batch.ts             one batch of a bulk call
//
// scan-json.ts         measures a JSON value before it is parsed: depth, number of values, size without images
// json.ts              bytes → JSON value, or what is wrong with them
// syntax-error.ts      line and column of a syntax error
// bulk-items.ts        the body of a bulk call → batches of items, from a JSON array or NDJSON
// bulk-list.ts         a JSON array → its items, each parsed on its own
// request.ts           JSON value → checked request and idempotency key
// references.ts        images, mask and webhook of a request → references that the queue may hold
// data-uri.ts          a data URI → checked image bytes
// base64.ts            decodes base64 as clients send it
// image-type.ts        bytes → the type and the size of the image
export * from './accept-bulk.ts';
export * from './accept-copy.ts';
export * from './accept-render.ts';
export * from './bulk-items.ts';
export { MAX_ITEMS } from './bulk-list.ts';
export * from './image-type.ts';
export { parseJson, readJsonBody } from './json.ts';
export type { TenantUploads } from './references.ts';
export * from './request.ts';
