// s3-store.ts  S3, and every server that speaks its protocol
// read.ts      reads of one object; asks twice before an object counts as missing
// put.ts       uploads and put-if-absent
// expiry-rules.ts  the lifecycle rules of the bucket
// client.ts    SDK clients: time limits, retries, addressing
// errors.ts    translates S3 errors into StoreError; what counts as missing
// answers.ts   checks that a successful answer comes from S3
// metadata.ts  encodes any text for HTTP headers
export type { S3Settings } from './client.ts';
export { openS3Store } from './s3-store.ts';
