import type {
  DeleteObjectCommandOutput,
  GetObjectCommandOutput,
  HeadObjectCommandOutput,
  ListObjectsV2CommandOutput,
  PutObjectCommandOutput,
} from '@aws-sdk/client-s3';
import { StoreError } from '../object-store.ts';

// A front end of S3 can answer 200 with its own page. The SDK reads such a page as an object, as a successful write, or as
// an empty list. These checks find it by what every S3 server sends with its answers.

/** @throws {StoreError} `unavailable` unless the answer describes an object */
export function assertObjectAnswer(
  answer: GetObjectCommandOutput | HeadObjectCommandOutput,
  what: string,
): void {
  if (!answer.ETag) throw createForeignAnswerError(what, 'it has no ETag');
  // Static web servers send an ETag, too. S3 identifies its answers by a request id.
  if (/^text\/html/i.test(answer.ContentType ?? '') && !answer.$metadata.requestId)
    throw createForeignAnswerError(what, 'it is an HTML page');
}

/** @throws {StoreError} `unavailable` unless the answer confirms that the object was written */
export function assertPutAnswer(answer: PutObjectCommandOutput, what: string): void {
  if (!answer.ETag) throw createForeignAnswerError(what, 'it has no ETag');
}

/** @throws {StoreError} `unavailable` unless the answer is a list, which may be empty */
export function assertListAnswer(answer: ListObjectsV2CommandOutput, what: string): void {
  if (answer.Name === undefined && answer.IsTruncated === undefined)
    throw createForeignAnswerError(what, 'it is no list');
}

/** @throws {StoreError} `unavailable` unless the answer confirms that the object does not exist any more */
export function assertDeleteAnswer({ $metadata }: DeleteObjectCommandOutput, what: string): void {
  if ($metadata.httpStatusCode !== 204 && !$metadata.requestId)
    throw createForeignAnswerError(what, `its status is ${$metadata.httpStatusCode}, not 204`);
}

const createForeignAnswerError = (what: string, sign: string) =>
  new StoreError('unavailable', `${what}: the answer is not from S3: ${sign}`);
