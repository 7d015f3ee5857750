import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { Readable } from 'node:stream';
import { type ObjectStore, StoreError } from '@darkroom/shared/object-store';
import { errorMessage } from '@darkroom/shared/runtime';
import type { Dispatcher } from 'undici';
import { fatalSourceProblem } from '../problems.ts';
import { type OpenLocation, openUrl } from './open-url.ts';

/** What is needed to read sources and reference images. */
export interface LocationDeps {
  /** Paths are relative to it. */
  folder: string;
  /** Opens a bucket for reading. @param url `s3://bucket/prefix` */
  openBucket(url: string): Promise<ObjectStore>;
  /** Opens a path. @default the file with this path below the folder */
  openPath?(path: string): Promise<OpenLocation>;
  /** Makes the https requests. @default undici's own */
  dispatcher?: Dispatcher | undefined;
  signal: AbortSignal;
}

export type LocationKind = 'path' | 'https' | 's3';

/** @returns `undefined` for a scheme that cannot be read */
export function classifyLocation(location: string): LocationKind | undefined {
  const [, scheme] = /^([a-z][a-z0-9+.-]+):\/\//i.exec(location) ?? [];
  if (scheme === undefined) return 'path';
  const kind = scheme.toLowerCase();
  return kind === 'https' || kind === 's3' ? kind : undefined;
}

/** Opens a file, a URL or an object. @throws {FatalProblem} */
export async function openLocation(location: string, deps: LocationDeps): Promise<OpenLocation> {
  switch (classifyLocation(location)) {
    case 'path':
      return deps.openPath ? deps.openPath(location) : openFile(resolve(deps.folder, location));
    case 'https':
      return openUrl(location, deps);
    case 's3':
      return openObject(location, deps);
    case undefined:
      throw fatalSourceProblem(null, 'expected a path, https:// or s3://, received another scheme');
  }
}

async function openFile(path: string): Promise<OpenLocation> {
  try {
    const facts = await stat(path);
    if (!facts.isFile()) throw fatalSourceProblem(null, `${path} is not a file`);
    return { stream: createReadStream(path), modifiedAt: facts.mtimeMs };
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') throw fatalSourceProblem(null, `${path} does not exist`, { cause: error });
    if (code === 'EACCES') throw fatalSourceProblem(null, `${path} cannot be read`, { cause: error });
    throw error;
  }
}

async function openObject(location: string, { openBucket, signal }: LocationDeps): Promise<OpenLocation> {
  const [, bucket, path, name] = /^s3:\/\/([^/]+)\/(?:(.+)\/)?([^/]+)$/i.exec(location) ?? [];
  if (!bucket || !name) throw fatalSourceProblem(null, 'expected s3://bucket/key');
  try {
    const store = await openBucket(`s3://${bucket}${path === undefined ? '' : `/${path}`}`);
    const found = await store.getStream(name, { signal });
    if (!found) throw fatalSourceProblem(null, `${location} does not exist`);
    return {
      stream: Readable.from(readObject(found.stream, location)),
      modifiedAt: found.info.modifiedAt || undefined,
    };
  } catch (error) {
    throw toProblem(error, location);
  }
}

async function* readObject(stream: Readable, location: string): AsyncGenerator<Buffer> {
  try {
    yield* stream as AsyncIterable<Buffer>;
  } catch (error) {
    throw toProblem(error, location);
  }
}

const toProblem = (error: unknown, location: string) =>
  error instanceof StoreError
    ? fatalSourceProblem(null, `${location}: ${errorMessage(error)}`, { cause: error })
    : error;
