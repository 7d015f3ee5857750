import { Readable } from 'node:stream';
import { PutObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import type { Clock } from '../../runtime/index.ts';
import { enforceStreamSize, measureBody } from '../body.ts';
import { normalizeMetadata } from '../keys.ts';
import { type ObjectBody, type PutOptions, StoreError } from '../object-store.ts';
import type { S3Clients } from './client.ts';
import { readHttpStatus } from './errors.ts';
import { encodeMetadata } from './metadata.ts';

const MAX_CONFLICT_TRIES = 5;

interface ObjectAddress {
  Bucket: string;
  Key: string;
}

export async function putObject(
  clients: S3Clients,
  address: ObjectAddress,
  body: ObjectBody,
  options: PutOptions,
): Promise<void> {
  const input = { ...address, ...createHeaders(options), ContentLength: measureBody(body) };
  if (typeof body === 'string' || body instanceof Uint8Array) {
    const sendOptions = options.signal ? { abortSignal: options.signal } : {};
    await clients.retrying.send(new PutObjectCommand({ ...input, Body: body }), sendOptions);
    return;
  }
  const source = body.stream();
  const stream = Readable.from(enforceStreamSize(source, body.size), { objectMode: false });
  try {
    await sendStream(clients.once, new PutObjectCommand({ ...input, Body: stream }), stream, options.signal);
  } finally {
    stream.destroy();
    source.destroy(); // Otherwise a generator that waits for the source keeps it open.
  }
}

/** Sends a stream. When the stream fails, this aborts the request and throws the stream's error. */
async function sendStream(
  client: S3Client,
  command: PutObjectCommand,
  stream: Readable,
  signal: AbortSignal | undefined,
): Promise<void> {
  const broken = new AbortController();
  stream.once('error', (error) => broken.abort(error));
  const signals = signal ? [signal, broken.signal] : [broken.signal];
  try {
    await client.send(command, { abortSignal: AbortSignal.any(signals) });
  } catch (error) {
    throw broken.signal.aborted ? broken.signal.reason : error;
  }
}

/** Sends the request again only when S3 decided nothing. After a lost answer, a retry would get 412 for its own object. */
export async function putObjectIfAbsent(
  clients: S3Clients,
  address: ObjectAddress,
  body: Uint8Array | string,
  options: PutOptions,
  clock: Clock,
): Promise<boolean> {
  const input = {
    ...address,
    ...createHeaders(options),
    Body: body,
    ContentLength: measureBody(body),
    IfNoneMatch: '*',
  };
  for (let tries = 1; ; tries += 1) {
    try {
      const sendOptions = options.signal ? { abortSignal: options.signal } : {};
      await clients.once.send(new PutObjectCommand(input), sendOptions);
      return true;
    } catch (error) {
      const status = readHttpStatus(error);
      if (status === 412) return false;
      // 409: another write or delete of the key was in progress. S3 decided nothing and wrote nothing.
      if (status !== 409) throw error;
      if (tries === MAX_CONFLICT_TRIES)
        throw new StoreError(
          'unavailable',
          `put-if-absent ${address.Key}: conflict with other writes after ${tries} tries`,
        );
      await clock.sleep(clock.random() * 50 * 2 ** tries, options.signal);
    }
  }
}

function createHeaders({ contentType, metadata }: PutOptions) {
  return { ContentType: contentType, Metadata: encodeMetadata(normalizeMetadata(metadata)) };
}
