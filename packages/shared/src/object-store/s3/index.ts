// s3-store.ts  S3, and every server that speaks its protocol
// put.ts       uploads and put-if-absent
// client.ts    SDK clients: time limits, retries, addressing
// errors.ts    translates S3 errors into StoreError
// metadata.ts  encodes any text for HTTP headers
export type { S3Settings } from './client.ts';
export { openS3Store } from './s3-store.ts';
