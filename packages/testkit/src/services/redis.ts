import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findBinary, unpackDebian } from '../debian/index.ts';
import { freePort, startDaemon } from '../process/index.ts';
import type { Finding, RedisService } from '../service-types.ts';
import { startContainer } from './docker.ts';

/** Finds or starts a Redis that keeps every write on disk, as production requires. */
export async function findRedis(cacheDir: string): Promise<Finding<RedisService>> {
  const url = process.env['TEST_REDIS_URL'];
  if (url) return { found: true, service: { url }, how: 'TEST_REDIS_URL', stop: async () => {} };

  const container = await startContainer({
    image: 'redis:8-alpine',
    port: 6379,
    command: ['redis-server', '--appendonly', 'yes', '--hz', '100', '--maxmemory-policy', 'noeviction'],
  });
  if (container) {
    const service = { url: `redis://${container.host}:${container.port}` };
    return { found: true, service, how: 'Docker', stop: container.stop };
  }

  const installed = await findBinary('redis-server');
  if (installed) return startRedis(installed, {}, 'redis-server of this machine');
  const unpacked = await unpackDebian(['redis-server'], join(cacheDir, 'redis'), 'usr/bin/redis-server');
  if ('reason' in unpacked) return { found: false, reason: unpacked.reason };
  return startRedis(
    unpacked.path('usr/bin/redis-server'),
    unpacked.env,
    "redis-server from Debian's packages",
  );
}

async function startRedis(
  binary: string,
  env: Record<string, string>,
  how: string,
): Promise<Finding<RedisService>> {
  const dir = await mkdtemp(join(tmpdir(), 'darkroom-redis-'));
  const port = await freePort();
  // With a password, no other program on this machine can use the server by mistake.
  const password = randomBytes(12).toString('hex');
  const args = `--port ${port} --bind 127.0.0.1 --dir ${dir} --appendonly yes --save`.split(' ');
  args.push('', '--hz', '100', '--maxmemory-policy', 'noeviction', '--requirepass', password);
  try {
    const daemon = await startDaemon('redis', binary, args, { env, cwd: dir });
    await daemon.waitForLine(/Ready to accept connections/);
    return {
      found: true,
      service: { url: `redis://:${password}@127.0.0.1:${port}` },
      how,
      stop: async () => {
        await daemon.stop();
        await rm(dir, { recursive: true, force: true });
      },
    };
  } catch (error) {
    return { found: false, reason: `redis-server did not start: ${(error as Error).message}` };
  }
}
