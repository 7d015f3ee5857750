import { Readable } from 'node:stream';
import { DeleteObjectCommand, GetObjectCommand, ListObjectsV2Command } from '@aws-sdk/client-s3';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
import type { Clock } from '../../runtime/index.ts';
import { runStoreOperation as attemptWith } from '../body.ts';
import { assertFolderPrefix, assertKey, assertPrefix, clampPageSize } from '../keys.ts';
import type { ObjectStore } from '../object-store.ts';
import { assertDeleteAnswer, assertListAnswer } from './answers.ts';
import { createClients, type S3Settings } from './client.ts';
import { toStoreError } from './errors.ts';
import { readExpiryRules } from './expiry-rules.ts';
import { putObject, putObjectIfAbsent } from './put.ts';
import { createSendOptions, getObject, headObject, ignoreMissing, readChunks, toObjectInfo } from './read.ts';

const MAX_URL_SECONDS = 7 * 24 * 3600;

/** Opens a store in a bucket. @param prefix without slashes at its ends; may be empty */
export function openS3Store(bucket: string, prefix: string, settings: S3Settings, clock: Clock): ObjectStore {
  const clients = createClients(settings);
  const base = prefix === '' ? '' : `${prefix}/`;
  const resolveKey = (key: string) => {
    assertKey(key);
    return { Bucket: bucket, Key: base + key };
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
      const address = resolveKey(key);
      return runOperation(`get ${key}`, signal, async () => {
        const answer = await getObject(clients.retrying, address, signal);
        if (!answer) return undefined;
        return answer.Body ? answer.Body.transformToByteArray() : new Uint8Array();
      });
    },

    async getStream(key, { signal } = {}) {
      const address = resolveKey(key);
      const answer = await runOperation(`get ${key}`, signal, () =>
        getObject(clients.retrying, address, signal),
      );
      if (!answer) return undefined;
      const body = (answer.Body as Readable | undefined) ?? Readable.from([]);
      const stream = Readable.from(readChunks(key, body, signal));
      stream.once('close', () => body.destroy()); // Also when no caller has started to read: otherwise the socket stays open.
      return { info: toObjectInfo(key, answer), stream };
    },

    async head(key, { signal } = {}) {
      const address = resolveKey(key);
      const answer = await runOperation(`head ${key}`, signal, () =>
        headObject(clients.retrying, address, signal),
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
      const page = await runOperation(`list ${wanted}`, signal, async () => {
        const answer = await clients.retrying.send(command, createSendOptions(signal));
        assertListAnswer(answer, `list ${wanted}`);
        return answer;
      });
      const objects = (page.Contents ?? []).map((object) => ({
        key: (object.Key ?? '').slice(base.length),
        size: object.Size ?? 0,
        modifiedAt: object.LastModified?.getTime() ?? 0,
      }));
      const last = objects.at(-1);
      return page.IsTruncated && last ? { objects, cursor: last.key } : { objects };
    },

    async listFolders({ prefix: wanted, signal }) {
      assertFolderPrefix(wanted);
      const what = `list the folders of ${wanted}`;
      const folders: string[] = [];
      for (let token: string | undefined; ; ) {
        const command = new ListObjectsV2Command({
          Bucket: bucket,
          Prefix: base + wanted,
          Delimiter: '/',
          ...(token === undefined ? {} : { ContinuationToken: token }),
        });
        const page = await runOperation(what, signal, async () => {
          const answer = await clients.retrying.send(command, createSendOptions(signal));
          assertListAnswer(answer, what);
          return answer;
        });
        const found = (page.CommonPrefixes ?? []).flatMap(({ Prefix }) => Prefix ?? []);
        folders.push(...found.map((path) => path.slice(base.length + wanted.length, -1)));
        token = page.NextContinuationToken;
        if (!page.IsTruncated || token === undefined) return folders;
      }
    },

    async delete(key, { signal } = {}) {
      const address = resolveKey(key);
      await runOperation(`delete ${key}`, signal, async () => {
        const sent = clients.retrying.send(new DeleteObjectCommand(address), createSendOptions(signal));
        const answer = await ignoreMissing(address.Key, sent);
        if (answer) assertDeleteAnswer(answer, `delete ${key}`);
      });
    },

    async signedUrl(key, expiresInMs) {
      const command = new GetObjectCommand(resolveKey(key));
      const expiresIn = Math.min(Math.max(Math.ceil(expiresInMs / 1000), 1), MAX_URL_SECONDS);
      const signingDate = new Date(clock.now());
      return runOperation(`sign ${key}`, undefined, () =>
        getSignedUrl(clients.once, command, { expiresIn, signingDate }),
      );
    },

    readExpiryRules: ({ signal } = {}) =>
      runOperation('read the lifecycle rules', signal, () =>
        readExpiryRules(clients.retrying, { bucket, base }, signal),
      ),

    close: async () => clients.close(),
  };
}

const runOperation = <T>(what: string, signal: AbortSignal | undefined, run: () => Promise<T>) =>
  attemptWith(what, signal, toStoreError, run);
