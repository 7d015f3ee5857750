import { access, constants, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { findRedis, howToGet } from '@darkroom/testkit/services';
import { Redis } from 'ioredis';
import { removeKeys } from './probes/index.ts';

/** The resources of the scenarios: a Redis and folders. `close` removes all of them. */
export interface Workspace {
  redisUrl: string;
  redisVersion: string;
  /** The source of the Redis, for people. */
  redisFrom: string;
  redis: Redis;
  /** Creates a key prefix, with braces. `close` removes its keys. */
  createPrefix(): string;
  /** Creates an empty folder: in memory if the machine has a tmpfs, or on the disk. */
  createFolder(where: 'memory' | 'disk'): Promise<string>;
  /** Where `createFolder('memory')` creates folders. */
  memoryFolders: 'tmpfs' | 'disk';
  /** Registers `undo` for `close`. The last one registered runs first. */
  onClose(undo: () => Promise<unknown>): void;
  /** Ctrl-C calls it too. Idempotent. */
  close(): Promise<void>;
}

export class RedisMissing extends Error {
  override name = 'NoRedis';
}

/** @throws {RedisMissing} with one line that says how to get a Redis. */
export async function openWorkspace(): Promise<Workspace> {
  const undos: (() => Promise<unknown>)[] = [];
  let closing: Promise<void> | undefined;
  const closeAll = async () => {
    for (let undo = undos.pop(); undo; undo = undos.pop()) await undo().catch(() => undefined);
  };
  const close = () => (closing ??= closeAll());

  const found = await findRedis(fileURLToPath(new URL('../.cache/', import.meta.url)));
  if (!found.found) throw new RedisMissing(`The bench needs Redis (${found.reason}): ${howToGet.redis}.`);
  undos.push(found.stop);
  const redis = new Redis(found.service.url, { maxRetriesPerRequest: 1 });
  let trouble = '';
  redis.on('error', (error) => (trouble = error.message));
  undos.push(async () => redis.disconnect());
  const server = await redis.info('server').catch(async () => {
    await close();
    throw new RedisMissing(
      `The bench needs Redis, and the one from ${found.how} does not answer: ${trouble}`,
    );
  });
  const version = /^redis_version:(\S+)/m.exec(server)?.[1] ?? 'unknown';

  const memory = await access('/dev/shm', constants.W_OK).then(
    () => '/dev/shm',
    () => undefined,
  );
  let prefixes = 0;
  return {
    redisUrl: found.service.url,
    redisVersion: version,
    redisFrom: found.how,
    redis,
    memoryFolders: memory ? 'tmpfs' : 'disk',
    createPrefix: () => {
      prefixes += 1;
      const prefix = `{bench-${process.pid}-${prefixes}}`;
      undos.push(() => removeKeys(redis, prefix));
      return prefix;
    },
    createFolder: async (where) => {
      const path = await mkdtemp(join((where === 'memory' && memory) || tmpdir(), 'darkroom-bench-'));
      undos.push(() => rm(path, { recursive: true, force: true, maxRetries: 3 }));
      return path;
    },
    onClose: (undo) => void undos.push(undo),
    close,
  };
}
