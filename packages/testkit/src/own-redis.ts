import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { readdir, rm, stat, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { test } from 'vitest';
import { cleanup } from './cleanup.ts';
import { freePort } from './process/index.ts';
import { tempDir } from './unique-names.ts';
import { until } from './until.ts';

// These tests stop their server, which they must not do with the shared one.
const binary = [
  '/usr/bin/redis-server',
  '/usr/local/bin/redis-server',
  '/opt/homebrew/bin/redis-server',
].find(existsSync);
const inCi = Boolean(process.env['CI'] && process.env['CI'] !== 'false');
if (!binary && !inCi)
  process.stderr.write('Tests with their own Redis are skipped: redis-server is not installed.\n');
/** For tests that stop their Redis, or need another kind of Redis. */
export const withOwnRedis = test.skipIf(!binary && !inCi);

export interface RedisServer {
  url: string;
  port: number;
  start(): Promise<void>;
  /** SIGSTOP: connections stay open, nothing answers. */
  freeze(): void;
  thaw(): void;
  kill(): Promise<void>;
  /** Bytes of its append-only file. */
  readFileSize(): Promise<number>;
  /** Kills the server, and cuts its file back to `size`: a power loss keeps only what was on the disk. */
  losePower(size: number): Promise<void>;
  /** Kills the server, and deletes its files. */
  loseAll(): Promise<void>;
}

/** A server that ends with the test. @param extra arguments for redis-server */
export async function createOwnRedis(...extra: string[]): Promise<RedisServer> {
  const [dir, port] = [await tempDir(), await freePort()];
  const args = `--port ${port} --bind 127.0.0.1 --dir ${dir} --appendonly yes --appendfsync always`.split(
    ' ',
  );
  // The default is 10,000 above the port, which may be taken.
  if (extra.includes('--cluster-enabled')) args.push('--cluster-port', String(await freePort()));
  const files = join(dir, 'appendonlydir');
  const findFile = async () =>
    join(files, (await readdir(files)).find((name) => name.endsWith('.incr.aof')) as string);
  let child: ChildProcess | undefined;
  const server: RedisServer = {
    port,
    url: `redis://127.0.0.1:${port}`,
    async start() {
      child = await spawnRedis([...args, '--save', '', ...extra], /Ready to accept connections/);
    },
    freeze: () => void child?.kill('SIGSTOP'),
    thaw: () => void child?.kill('SIGCONT'),
    kill: async () => {
      if (child) await killProcess(child);
    },
    readFileSize: async () => (await stat(await findFile())).size,
    losePower: async (size) => {
      await server.kill();
      await truncate(await findFile(), size);
    },
    loseAll: async () => {
      await server.kill();
      await rm(files, { recursive: true });
    },
  };
  return server;
}

/** A connection that ends with the test, with all rights. */
export function connectAdmin(server: Pick<RedisServer, 'url'>): Redis {
  const admin = new Redis(server.url);
  cleanup(() => admin.disconnect());
  return admin;
}

/** Makes the server answer BUSY until the returned function is called. */
export async function runEndlessScript(server: RedisServer): Promise<() => Promise<void>> {
  const [blocked, admin] = [connectAdmin(server), connectAdmin(server)];
  await Promise.all([blocked.ping(), admin.ping()]);
  await admin.call('CONFIG', 'SET', 'busy-reply-threshold', '1');
  const ended = blocked.eval('while true do end', 0).catch(() => undefined);
  await until(() =>
    admin.ping().then(
      () => false,
      (error: Error) => error.message.startsWith('BUSY '),
    ),
  );
  return async () => {
    // The script may have been ended already.
    await admin.call('SCRIPT', 'KILL').catch(() => undefined);
    await ended;
  };
}

/** Starts redis-server and waits until its output matches `ready`. It ends with the test. */
export async function spawnRedis(args: string[], ready: RegExp): Promise<ChildProcess> {
  const child = spawn(binary ?? 'redis-server', args, { stdio: ['ignore', 'pipe', 'inherit'] });
  cleanup(() => killProcess(child));
  let output = '';
  child.stdout.on('data', (chunk) => {
    output += chunk;
  });
  await until(() => ready.test(output), { what: 'redis-server ready' }).catch((error: unknown) => {
    throw new Error(output, { cause: error });
  });
  return child;
}

async function killProcess(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGKILL');
  await once(child, 'exit');
}
