import { Readable } from 'node:stream';
import { PutObjectCommand, type PutObjectCommandOutput, type S3Client } from '@aws-sdk/client-s3';
import type { Clock } from '../../runtime/index.ts';
import { enforceStreamSize, measureBody } from '../body.ts';
import { normalizeMetadata } from '../keys.ts';
import { type ObjectBody, type PutOptions, StoreError } from '../object-store.ts';
import { assertPutAnswer } from './answers.ts';
import type { S3Clients } from './client.ts';
import { readDocumentCode } from './errors.ts';
import { encodeMetadata } from './metadata.ts';
import type { ObjectAddress } from './read.ts';

const MAX_CONFLICT_TRIES = 5;

export async function putObject(
  clients: S3Clients,
  address: ObjectAddress,
  body: ObjectBody,
  options: PutOptions,
): Promise<void> {
  assertPutAnswer(await sendObject(clients, address, body, options), `put ${address.Key}`);
}

async function sendObject(
  clients: S3Clients,
  address: ObjectAddress,
  body: ObjectBody,
  options: PutOptions,
): Promise<PutObjectCommandOutput> {
  const input = { ...address, ...createHeaders(options), ContentLength: measureBody(body) };
  if (typeof body === 'string' || body instanceof Uint8Array) {
    const sendOptions = options.signal ? { abortSignal: options.signal } : {};
    return clients.retrying.send(new PutObjectCommand({ ...input, Body: body }), sendOptions);
  }
  const source = body.stream();
  const stream = Readable.from(enforceStreamSize(source, body.size), { objectMode: false });
  try {
    const command = new PutObjectCommand({ ...input, Body: stream });
    return await sendStream(clients.once, command, stream, options.signal);
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
): Promise<PutObjectCommandOutput> {
  const broken = new AbortController();
  stream.once('error', (error) => broken.abort(error));
  const signals = signal ? [signal, broken.signal] : [broken.signal];
  try {
    return await client.send(command, { abortSignal: AbortSignal.any(signals) });
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
      const answer = await clients.once.send(new PutObjectCommand(input), sendOptions);
      assertPutAnswer(answer, `put-if-absent ${address.Key}`);
      return true;
    } catch (error) {
      // Not the status: a front end may answer 412 or 409, too, and then nothing is known about the object.
      const code = readDocumentCode(error);
      if (code === 'PreconditionFailed') return false;
      // Another write or delete of the key was in progress. S3 decided nothing and wrote nothing.
      if (code !== 'ConditionalRequestConflict' && code !== 'OperationAborted') throw error;
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
