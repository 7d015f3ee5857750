import { Readable } from 'node:stream';
import { PutObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import type { Clock } from '../../runtime/clock.ts';
import { exactly, sizeOf } from '../body.ts';
import { checkedMetadata } from '../keys.ts';
import { type ObjectBody, type PutOptions, StoreError } from '../object-store.ts';
import type { S3Clients } from './client.ts';
import { statusOf } from './errors.ts';
import { encodeMetadata } from './metadata.ts';

const CONFLICT_TRIES = 5;

interface At {
  Bucket: string;
  Key: string;
}

export async function putObject(
  clients: S3Clients,
  at: At,
  body: ObjectBody,
  options: PutOptions,
): Promise<void> {
  const input = { ...at, ...headers(options), ContentLength: sizeOf(body) };
  if (typeof body === 'string' || body instanceof Uint8Array) {
    const sending = options.signal ? { abortSignal: options.signal } : {};
    await clients.retrying.send(new PutObjectCommand({ ...input, Body: body }), sending);
    return;
  }
  const source = body.stream();
  const stream = Readable.from(exactly(source, body.size), { objectMode: false });
  try {
    await sendStream(clients.once, new PutObjectCommand({ ...input, Body: stream }), stream, options.signal);
  } finally {
    stream.destroy();
    source.destroy(); // A generator that waits for it would not let it go.
  }
}

/** A body that breaks ends the request, and is what the caller is told. */
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

/** Sent once per decision: a retry after a lost answer would be told 412 about its own object. */
export async function putObjectIfAbsent(
  clients: S3Clients,
  at: At,
  body: Uint8Array | string,
  options: PutOptions,
  clock: Clock,
): Promise<boolean> {
  const input = { ...at, ...headers(options), Body: body, ContentLength: sizeOf(body), IfNoneMatch: '*' };
  for (let tries = 1; ; tries += 1) {
    try {
      const sending = options.signal ? { abortSignal: options.signal } : {};
      await clients.once.send(new PutObjectCommand(input), sending);
      return true;
    } catch (error) {
      const status = statusOf(error);
      if (status === 412) return false;
      // 409: another write or delete of the key was under way. Nothing was decided, nothing written.
      if (status !== 409) throw error;
      if (tries === CONFLICT_TRIES)
        throw new StoreError(
          'unavailable',
          `put-if-absent ${at.Key}: still in conflict after ${tries} tries`,
        );
      await clock.sleep(clock.random() * 50 * 2 ** tries, options.signal);
    }
  }
}

function headers({ contentType, metadata }: PutOptions) {
  return { ContentType: contentType, Metadata: encodeMetadata(checkedMetadata(metadata)) };
}
