import { access, constants, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { findRedis, howToGet } from '@darkroom/testkit/services';
import { Redis } from 'ioredis';
import { removeBelow } from './probes/redis.ts';

/** What every scenario stands on: a Redis, folders, and a promise that all of it goes away again. */
export interface Ground {
  redisUrl: string;
  redisVersion: string;
  /** Where Redis came from, for people. */
  redisFrom: string;
  redis: Redis;
  /** A prefix as it stands in the keys, in braces. Its keys are removed at the end. */
  prefix(): string;
  /** A new empty folder: in memory where the machine has such a place, or on the disk. */
  folder(where: 'memory' | 'disk'): Promise<string>;
  /** Where `folder('memory')` is. */
  memoryFolders: 'tmpfs' | 'disk';
  /** Runs when all is over, last in, first out. */
  later(undo: () => Promise<unknown>): void;
  /** Called by Ctrl-C too. Idempotent. */
  close(): Promise<void>;
}

export class NoRedis extends Error {
  override name = 'NoRedis';
}

/** @throws {NoRedis} with one line that says how to get one. */
export async function openGround(): Promise<Ground> {
  const undos: (() => Promise<unknown>)[] = [];
  let closing: Promise<void> | undefined;
  const closeAll = async () => {
    for (let undo = undos.pop(); undo; undo = undos.pop()) await undo().catch(() => undefined);
  };
  const close = () => (closing ??= closeAll());

  const found = await findRedis(fileURLToPath(new URL('../.cache/', import.meta.url)));
  if (!found.found) throw new NoRedis(`The bench needs Redis (${found.reason}): ${howToGet.redis}.`);
  undos.push(found.stop);
  const redis = new Redis(found.service.url, { maxRetriesPerRequest: 1 });
  let trouble = '';
  redis.on('error', (error) => (trouble = error.message));
  undos.push(async () => redis.disconnect());
  const server = await redis.info('server').catch(async () => {
    await close();
    throw new NoRedis(`The bench needs Redis, and the one from ${found.how} does not answer: ${trouble}`);
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
    prefix: () => {
      prefixes += 1;
      const prefix = `{bench-${process.pid}-${prefixes}}`;
      undos.push(() => removeBelow(redis, prefix));
      return prefix;
    },
    folder: async (where) => {
      const path = await mkdtemp(join((where === 'memory' && memory) || tmpdir(), 'darkroom-bench-'));
      undos.push(() => rm(path, { recursive: true, force: true, maxRetries: 3 }));
      return path;
    },
    later: (undo) => void undos.push(undo),
    close,
  };
}
