import type { Readable } from 'node:stream';
import {
  GetObjectCommand,
  type GetObjectCommandOutput,
  HeadObjectCommand,
  type HeadObjectCommandOutput,
  type S3Client,
} from '@aws-sdk/client-s3';
import { type ObjectInfo, StoreError } from '../object-store.ts';
import { assertObjectAnswer } from './answers.ts';
import { isMissing, readDocumentCode, readHttpStatus, toStoreError } from './errors.ts';
import { decodeMetadata } from './metadata.ts';

/** An object of a bucket. */
export interface ObjectAddress {
  Bucket: string;
  /** With the store's prefix. */
  Key: string;
}

const MAX_HEAD_TRIES = 2;

/** @returns `undefined` when S3 says that the object does not exist */
export async function getObject(
  client: S3Client,
  address: ObjectAddress,
  signal: AbortSignal | undefined,
): Promise<GetObjectCommandOutput | undefined> {
  const answer = await ignoreMissing(
    address.Key,
    client.send(new GetObjectCommand(address), createSendOptions(signal)),
  );
  if (!answer) return undefined;
  try {
    assertObjectAnswer(answer, `get ${address.Key}`);
    return answer;
  } catch (error) {
    discardBody(answer);
    throw error;
  }
}

/** @returns `undefined` when S3 says that the object does not exist */
export async function headObject(
  client: S3Client,
  address: ObjectAddress,
  signal: AbortSignal | undefined,
): Promise<HeadObjectCommandOutput | undefined> {
  for (let tries = 1; ; tries += 1) {
    try {
      const answer = await client.send(new HeadObjectCommand(address), createSendOptions(signal));
      assertObjectAnswer(answer, `head ${address.Key}`);
      return answer;
    } catch (error) {
      if (readHttpStatus(error) !== 404) throw error;
      if (await isConfirmedMissing(client, address, signal)) return undefined;
      // The object was written between the two requests, or the 404 is not from S3.
      if (tries === MAX_HEAD_TRIES)
        throw new StoreError('unavailable', `head ${address.Key}: 404, but a GET finds the object`);
    }
  }
}

/** A 404 to a HEAD has no document, so anything may have sent it. A 404 to a GET has one. */
async function isConfirmedMissing(
  client: S3Client,
  address: ObjectAddress,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  const command = new GetObjectCommand({ ...address, Range: 'bytes=0-0' });
  try {
    const answer = await ignoreMissing(address.Key, client.send(command, createSendOptions(signal)));
    if (answer) discardBody(answer);
    return answer === undefined;
  } catch (error) {
    // The object exists and is empty.
    if (readDocumentCode(error) === 'InvalidRange') return false;
    throw error;
  }
}

export async function* readChunks(
  key: string,
  body: Readable,
  signal: AbortSignal | undefined,
): AsyncGenerator<Buffer> {
  const abort = () => void body.destroy(signal?.reason as Error);
  signal?.addEventListener('abort', abort);
  try {
    yield* body as AsyncIterable<Buffer>;
  } catch (error) {
    throw signal?.aborted ? signal.reason : toStoreError(error, `get ${key}`);
  } finally {
    signal?.removeEventListener('abort', abort);
  }
}

export function toObjectInfo(
  key: string,
  answer: HeadObjectCommandOutput | GetObjectCommandOutput,
): ObjectInfo {
  return {
    key,
    size: answer.ContentLength ?? 0,
    ...(answer.ContentType ? { contentType: answer.ContentType } : {}),
    metadata: decodeMetadata(answer.Metadata),
    modifiedAt: answer.LastModified?.getTime() ?? 0,
  };
}

/** @param key with the store's prefix */
export async function ignoreMissing<T>(key: string, answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer;
  } catch (error) {
    if (isMissing(error, key)) return undefined;
    throw error;
  }
}

export const createSendOptions = (signal: AbortSignal | undefined) => (signal ? { abortSignal: signal } : {});

/** An unread body keeps its connection. */
const discardBody = ({ Body }: GetObjectCommandOutput) => void (Body as Readable | undefined)?.destroy();
