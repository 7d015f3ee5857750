import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { fatalSourceProblem } from '../problems.ts';
import { type LocationDeps, openLocation } from './location.ts';

/** A complete copy of a source on this machine. What is planned and what is executed read the same bytes. */
export interface SourceSnapshot {
  /** The copy. */
  path: string;
  /** Of the bytes, in hex. */
  sha256: string;
  bytes: number;
  /** Unix milliseconds; undefined when the server does not say. */
  modifiedAt: number | undefined;
}

/**
 * Copies a source to a folder. It is read only after its last byte has arrived, so a download that stops is an error and
 * never a shorter source.
 *
 * @param location a path, `https://…` or `s3://…` @param folder for the copy; the caller removes it
 * @throws {FatalProblem}
 */
export async function takeSnapshot(
  location: string,
  folder: string,
  deps: LocationDeps,
): Promise<SourceSnapshot> {
  const { stream, modifiedAt } = await openLocation(location, deps);
  const path = join(folder, 'source');
  const hash = createHash('sha256');
  let bytes = 0;
  await pipeline(
    stream,
    async function* count(chunks: AsyncIterable<Buffer>) {
      for await (const chunk of chunks) {
        hash.update(chunk);
        bytes += chunk.length;
        yield chunk;
      }
    },
    createWriteStream(path),
    { signal: deps.signal },
  );
  if (bytes === 0) throw fatalSourceProblem(null, 'the source is empty: it has no bytes');
  const { size } = await stat(path);
  if (size !== bytes) throw fatalSourceProblem(null, `the copy has ${size} bytes, the source ${bytes}`);
  return { path, sha256: hash.digest('hex'), bytes, modifiedAt };
}

export const readSnapshot = ({ path }: Pick<SourceSnapshot, 'path'>): Readable => createReadStream(path);
