import { openEngine } from '@darkroom/shared/engine';
import { createWorkerName, openQueues, pauseQueue } from '@darkroom/shared/queues';
import { systemClock } from '@darkroom/shared/runtime';
import {
  cleanup,
  createOwnRedis,
  requires,
  service,
  tempDir,
  uniquePrefix,
  until,
  withOwnRedis,
} from '@darkroom/testkit';
import { expect, test } from 'vitest';
import { runDoctor } from '../support/check-list.ts';

/** A Redis of the run, and an engine of this prefix. */
async function openDeployment() {
  const [dataDir, prefix] = [await tempDir(), uniquePrefix()];
  const { url } = service('redis');
  const engine = await openEngine({
    queueUrl: url,
    dataDir,
    role: 'worker',
    prefix,
    onError: () => undefined,
  });
  cleanup(() => engine.close());
  const queues = openQueues(engine, { days: 1 });
  return { engine, queues, env: { QUEUE_URL: url, QUEUE_PREFIX: prefix, DATA_DIR: dataDir } };
}

withOwnRedis('doctor finds a Redis that evicts keys, and one without persistence', async () => {
  const redis = await createOwnRedis('--maxmemory-policy', 'allkeys-lru', '--appendonly', 'no');
  await redis.start();
  const env = { QUEUE_URL: redis.url, DATA_DIR: await tempDir() };
  const withJournal = await runDoctor(env);
  expect(withJournal.lines('eviction')).toEqual([
    expect.stringMatching(/^fail maxmemory-policy is allkeys-lru/),
  ]);
  expect(withJournal.lines('persistence')).toEqual([
    expect.stringMatching(/^warn The append-only file is off\. .*loses no accepted render.*\(I1\)/),
  ]);
  expect(withJournal.code).toBe(1);
  const without = await runDoctor({ ...env, INTAKE_JOURNAL: 'off' });
  expect(without.lines('persistence')).toEqual([
    expect.stringMatching(/^fail .*INTAKE_JOURNAL is off: a crash of Redis loses accepted renders \(I1\)/),
  ]);
  const waiting = await runDoctor({ ...env, QUEUE_SYNC: 'waitaof' });
  expect(waiting.lines('persistence')).toEqual([expect.stringMatching(/^fail QUEUE_SYNC is waitaof/)]);
  for (const { status, remedy } of withJournal.checks) if (status !== 'ok') expect(remedy).toBeTruthy();
});

withOwnRedis('doctor finds nothing wrong at a Redis as operations.md wants it', async () => {
  const redis = await createOwnRedis('--hz', '100');
  await redis.start();
  const { checks, lines } = await runDoctor({ QUEUE_URL: redis.url, DATA_DIR: await tempDir() });
  for (const name of ['queue', 'eviction', 'persistence', 'queue latency', 'queue clock', 'dead letters'])
    expect(lines(name)).toEqual([expect.stringMatching(/^ok /)]);
  expect(checks.map(({ name }) => name)).not.toContain('queue timers');
});

test('doctor says that Redis is away, and asks nothing else about the queues', async () => {
  const { code, lines, checks } = await runDoctor({
    QUEUE_URL: 'redis://127.0.0.1:1',
    DATA_DIR: await tempDir(),
  });
  expect(code).toBe(1);
  expect(lines('queue')).toEqual([expect.stringMatching(/^fail .*127\.0\.0\.1:1/)]);
  expect(checks.map(({ name }) => name)).not.toContain('workers');
});

requires('redis').describe('doctor at a deployment', () => {
  test('doctor finds that no worker is connected, and workers of two versions', async () => {
    const { engine, env } = await openDeployment();
    const none = await runDoctor(env);
    expect(none.lines('workers')).toEqual(['fail No worker is connected: nothing is rendered']);
    expect(none.code).toBe(1);
    const open = (version?: string) =>
      engine.worker('render', async () => undefined, { name: createWorkerName(version) });
    open();
    const one = await until(async () => {
      const report = await runDoctor(env);
      return report.lines('workers')[0]?.startsWith('ok') ? report : undefined;
    });
    expect(one.lines('workers')).toEqual([expect.stringMatching(/^ok 1 worker of version \d/)]);
    // Another host of a rolling update.
    engine.worker('render', async () => undefined, { name: 'darkroom-worker@9.9.9/other/1' });
    const mixed = await until(async () => {
      const report = await runDoctor(env);
      return report.lines('workers')[0]?.startsWith('warn') ? report : undefined;
    });
    expect(mixed.lines('workers')).toEqual([
      expect.stringMatching(/^warn The workers have different versions: .*9\.9\.9 \(1\)/),
    ]);
  });

  test('doctor finds a clock that differs from the clock of Redis and of the store', async () => {
    const { env } = await openDeployment();
    const ahead = { ...systemClock, now: () => Date.now() + 60_000 };
    const { lines, code } = await runDoctor(
      { ...env, STORE_URL: `file://${env.DATA_DIR}/store` },
      { clock: ahead },
    );
    expect(code).toBe(1);
    expect(lines('queue clock')).toEqual([
      'fail The clock of Redis is 60 s behind the clock of this machine',
    ]);
    expect(lines('store clock')).toEqual([
      'fail The clock of the store is 60 s behind the clock of this machine',
    ]);
  });

  test('doctor shows pauses with the command that ends them, and hides secrets', async () => {
    const { env, queues } = await openDeployment();
    await pauseQueue(queues, 'submit', { actor: 'ops', reason: 'provider outage', now: Date.now() });
    const { checks, lines } = await runDoctor({ ...env, TOAPIS_WEBHOOK_SECRET: 'planted-secret' });
    expect(lines('pause')).toEqual(['warn The queue submit is paused by ops: provider outage']);
    expect(checks.find(({ name }) => name === 'pause')?.remedy).toBe('darkroom resume submit');
    const { details } = checks.find(({ name }) => name === 'settings') ?? {};
    expect(details).toContain('QUEUE_URL=[hidden]');
    expect(details).toContain('TOAPIS_WEBHOOK_SECRET=[hidden]');
    expect(JSON.stringify(checks)).not.toContain('planted-secret');
  });
});

test('doctor reports each wrong setting, and exits with 1', async () => {
  const { code, lines } = await runDoctor({ PORT: 'many', RETENTION_DAYS: '0' });
  expect(code).toBe(1);
  expect(lines('settings')).toEqual([
    'fail PORT: expected a whole number from 0 to 65535, received "many"',
    'fail RETENTION_DAYS: expected a whole number from 1 to 365, received "0"',
  ]);
});
