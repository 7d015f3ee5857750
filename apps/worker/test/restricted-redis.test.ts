import { fileURLToPath } from 'node:url';
import {
  connectAdmin,
  createOwnRedis,
  plantSecret,
  spawnNode,
  tempDir,
  until,
  withOwnRedis,
} from '@darkroom/testkit';
import { expect, vi } from 'vitest';

const MAIN = fileURLToPath(new URL('../src/main.ts', import.meta.url));

// Processes start in seconds, on a busy machine in many.
vi.setConfig({ testTimeout: 120_000 });

/** A Redis with a user for the worker, and the settings of that worker. */
async function createRestrictedRedis(...rule: string[]) {
  const [server, dir, password] = [await createOwnRedis(), await tempDir(), plantSecret()];
  await server.start();
  const admin = connectAdmin(server);
  await admin.call('ACL', 'SETUSER', 'worker', 'on', `>${password}`, '~{darkroom}:*', ...rule);
  const env = {
    QUEUE_URL: `redis://worker:${password}@127.0.0.1:${server.port}`,
    DATA_DIR: dir,
    STORE_URL: `file://${dir}/store`,
    TOAPIS_BASE_URL: 'http://127.0.0.1:1',
    TOAPIS_API_KEY: plantSecret(),
    WORKER_PORT: '0',
    SHUTDOWN_TIMEOUT_MS: '1000',
  };
  return { admin, env };
}

const readReady = async (url: string) => {
  const response = await fetch(`${url}/readyz`, { signal: AbortSignal.timeout(5_000) });
  const { reason = '' } = (await response.json()) as { reason?: string };
  return { ready: response.status === 200, reason };
};

withOwnRedis(
  'a worker whose Redis user lacks INFO does not start: its error names the ACL rule',
  async () => {
    const { env } = await createRestrictedRedis('+@all', '-info');
    const worker = spawnNode(MAIN, { env });
    expect(await worker.exited).toEqual({ code: 1, signal: null });
    expect(worker.lines.join('\n')).toContain(
      'The worker did not start: Redis denies the commands info to the user worker of QUEUE_URL. ' +
        'Add the permissions: ACL SETUSER worker +info',
    );
  },
);

withOwnRedis(
  'a worker that loses INFO or its password answers /readyz with the reason, and SIGTERM ends it',
  async () => {
    const { admin, env } = await createRestrictedRedis('+@all');
    const worker = spawnNode(MAIN, { env });
    const url = /http:\/\/127\.0\.0\.1:\d+/.exec(await worker.waitForLine(/health at/))?.[0] ?? '';
    await until(async () => (await readReady(url)).ready);

    await admin.call('ACL', 'SETUSER', 'worker', '-info', '-@scripting');
    await until(
      async () =>
        (await readReady(url)).reason.startsWith('queue engine: Redis denies the commands info, eval'),
      {
        timeout: 30_000,
      },
    );
    await admin.call('ACL', 'SETUSER', 'worker', '+@all');
    await until(async () => (await readReady(url)).ready, { timeout: 30_000 });

    await admin.call('ACL', 'SETUSER', 'worker', 'resetpass', '>another');
    await admin.call('CLIENT', 'KILL', 'USER', 'worker');
    await until(
      async () => /Redis refuses the user worker of QUEUE_URL: WRONGPASS/.test((await readReady(url)).reason),
      {
        timeout: 30_000,
      },
    );
    expect(await worker.kill('SIGTERM', { timeout: 30_000 })).toMatchObject({ signal: null });
  },
);

withOwnRedis(
  'SIGTERM ends a worker that starts while its Redis is away and lacks INFO when it comes back',
  async () => {
    const { admin, env } = await createRestrictedRedis('+@all', '-info');
    await admin.call('ACL', 'SETUSER', 'worker', 'off');
    const worker = spawnNode(MAIN, { env });
    const url = /http:\/\/127\.0\.0\.1:\d+/.exec(await worker.waitForLine(/health at/))?.[0] ?? '';
    await admin.call('ACL', 'SETUSER', 'worker', 'on');
    await until(async () => /denies the commands info/.test((await readReady(url)).reason), {
      timeout: 30_000,
    });
    expect(await worker.kill('SIGTERM', { timeout: 30_000 })).toMatchObject({ signal: null });
  },
);
