// json.ts          bytes → JSON value, or what is wrong with them
// items.ts         a bulk body → its items, JSON array or NDJSON
// request.ts       JSON value → checked request and idempotency key
// data-uri.ts      a data URI → verified image bytes
// references.ts    images and mask of a request → what the queue may hold, and what the store must
// fingerprint.ts   when two requests are the same request
// door.ts          one render through the door: stored, queued, or found to be there already
// bulk-door.ts     thousands of them, each answered by itself
// checkpoint.ts    the first checkpoint of a render, and its size
export * from './bulk-door.ts';
export * from './door.ts';
export * from './items.ts';
export * from './json.ts';
export * from './request.ts';
