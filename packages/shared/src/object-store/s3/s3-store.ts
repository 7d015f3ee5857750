import { Readable } from 'node:stream';
import {
  DeleteObjectCommand,
  GetObjectCommand,
  type GetObjectCommandOutput,
  HeadObjectCommand,
  type HeadObjectCommandOutput,
  ListObjectsV2Command,
} from '@aws-sdk/client-s3';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
import type { Clock } from '../../runtime/index.ts';
import { runStoreOperation as attemptWith } from '../body.ts';
import { assertKey, assertPrefix, clampPageSize } from '../keys.ts';
import type { ObjectInfo, ObjectStore } from '../object-store.ts';
import { createClients, type S3Settings } from './client.ts';
import { isMissing, toStoreError } from './errors.ts';
import { decodeMetadata } from './metadata.ts';
import { putObject, putObjectIfAbsent } from './put.ts';

const MAX_URL_SECONDS = 7 * 24 * 3600;

/** Opens a store in a bucket. @param prefix without slashes at its ends; may be empty */
export function openS3Store(bucket: string, prefix: string, settings: S3Settings, clock: Clock): ObjectStore {
  const clients = createClients(settings);
  const base = prefix === '' ? '' : `${prefix}/`;
  const resolveKey = (key: string) => {
    assertKey(key);
    return { Bucket: bucket, Key: base + key };
  };

  const getObject = async (key: string, signal: AbortSignal | undefined) => {
    const command = new GetObjectCommand(resolveKey(key));
    return runOperation(`get ${key}`, signal, () =>
      ignoreMissing(clients.retrying.send(command, createSendOptions(signal))),
    );
  };

  return {
    kind: 's3',
    url: `s3://${bucket}/${prefix}`,

    async put(key, body, options) {
      const address = resolveKey(key);
      await runOperation(`put ${key}`, options.signal, () => putObject(clients, address, body, options));
    },

    async putIfAbsent(key, body, options) {
      const address = resolveKey(key);
      return runOperation(`put-if-absent ${key}`, options.signal, () =>
        putObjectIfAbsent(clients, address, body, options, clock),
      );
    },

    async get(key, { signal } = {}) {
      const answer = await getObject(key, signal);
      if (!answer) return undefined;
      return runOperation(`get ${key}`, signal, async () => {
        if (!answer.Body) return new Uint8Array();
        return answer.Body.transformToByteArray();
      });
    },

    async getStream(key, { signal } = {}) {
      const answer = await getObject(key, signal);
      if (!answer) return undefined;
      const body = (answer.Body as Readable | undefined) ?? Readable.from([]);
      const stream = Readable.from(readChunks(key, body, signal));
      stream.once('close', () => body.destroy()); // Also when no caller has started to read: otherwise the socket stays open.
      return { info: toObjectInfo(key, answer), stream };
    },

    async head(key, { signal } = {}) {
      const command = new HeadObjectCommand(resolveKey(key));
      const answer = await runOperation(`head ${key}`, signal, () =>
        ignoreMissing(clients.retrying.send(command, createSendOptions(signal))),
      );
      return answer && toObjectInfo(key, answer);
    },

    async list({ prefix: wanted, cursor, limit, signal }) {
      assertPrefix(wanted);
      if (cursor !== undefined) assertKey(cursor);
      const command = new ListObjectsV2Command({
        Bucket: bucket,
        Prefix: base + wanted,
        MaxKeys: clampPageSize(limit),
        // Not the server's own token, so that a cursor stays valid on another server.
        ...(cursor === undefined ? {} : { StartAfter: base + cursor }),
      });
      const page = await runOperation(`list ${wanted}`, signal, () =>
        clients.retrying.send(command, createSendOptions(signal)),
      );
      const objects = (page.Contents ?? []).map((object) => ({
        key: (object.Key ?? '').slice(base.length),
        size: object.Size ?? 0,
        modifiedAt: object.LastModified?.getTime() ?? 0,
      }));
      const last = objects.at(-1);
      return page.IsTruncated && last ? { objects, cursor: last.key } : { objects };
    },

    async delete(key, { signal } = {}) {
      const command = new DeleteObjectCommand(resolveKey(key));
      await runOperation(`delete ${key}`, signal, () =>
        clients.retrying.send(command, createSendOptions(signal)),
      );
    },

    async signedUrl(key, expiresInMs) {
      const command = new GetObjectCommand(resolveKey(key));
      const expiresIn = Math.min(Math.max(Math.ceil(expiresInMs / 1000), 1), MAX_URL_SECONDS);
      const signingDate = new Date(clock.now());
      return runOperation(`sign ${key}`, undefined, () =>
        getSignedUrl(clients.once, command, { expiresIn, signingDate }),
      );
    },

    close: async () => clients.close(),
  };
}

const runOperation = <T>(what: string, signal: AbortSignal | undefined, run: () => Promise<T>) =>
  attemptWith(what, signal, toStoreError, run);

const createSendOptions = (signal: AbortSignal | undefined) => (signal ? { abortSignal: signal } : {});

async function ignoreMissing<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer;
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

async function* readChunks(
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

function toObjectInfo(key: string, answer: HeadObjectCommandOutput | GetObjectCommandOutput): ObjectInfo {
  return {
    key,
    size: answer.ContentLength ?? 0,
    ...(answer.ContentType ? { contentType: answer.ContentType } : {}),
    metadata: decodeMetadata(answer.Metadata),
    modifiedAt: answer.LastModified?.getTime() ?? 0,
  };
}
