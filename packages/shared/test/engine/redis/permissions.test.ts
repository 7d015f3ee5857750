import { readdir, readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import {
  cleanup,
  connectAdmin,
  createOwnRedis,
  type RedisServer,
  uniquePrefix,
  until,
  withOwnRedis,
} from '@darkroom/testkit';
import { expect, test } from 'vitest';
import { openEngine } from '../../../src/engine/index.ts';
import { REQUIRED_COMMANDS } from '../../../src/engine/redis/permissions.ts';
import { createCollector, createEngineHarness, waitForState } from '../../support/engine-harness.ts';

/** Exactly what the engine asks for, and the commands without which ioredis cannot connect. */
const RULE = ['multi', ...REQUIRED_COMMANDS].map((name) => `+${name.replace(' ', '|')}`);

/** A server with a user `images` that has these permissions. */
async function createServerWithUser(prefix: string, ...rule: string[]) {
  const server = await createOwnRedis();
  await server.start();
  const admin = connectAdmin(server);
  await admin.call('ACL', 'SETUSER', 'images', 'on', '>hush-hush', `~{${prefix}}:*`, ...rule);
  return { server, admin };
}

const open = (server: RedisServer, prefix: string, onError: (error: Error) => void = () => undefined) =>
  openEngine({
    queueUrl: `redis://images:hush-hush@127.0.0.1:${server.port}`,
    dataDir: '',
    role: 'both',
    prefix,
    closeTimeoutMs: 1_000,
    onError,
  });

test('the list of required commands contains every command that a script of BullMQ calls', async () => {
  const folder = join(dirname(createRequire(import.meta.url).resolve('bullmq')), '../esm/commands');
  const called = new Set<string>();
  for (const entry of await readdir(folder, { recursive: true })) {
    // The queues use no relays.
    if (!entry.endsWith('.lua') || entry.startsWith('relay')) continue;
    const script = await readFile(join(folder, entry), 'utf8');
    for (const [, command = ''] of script.matchAll(/(?:rcall|redis\.p?call)\s*\(\s*["'](\w+)["']/gi))
      called.add(command.toLowerCase());
  }
  expect(called.size).toBeGreaterThan(40);
  expect([...called].filter((command) => !REQUIRED_COMMANDS.includes(command))).toEqual([]);
});

withOwnRedis('queues, workers, events and counters need no command beyond the list', async () => {
  const prefix = uniquePrefix();
  const { server, admin } = await createServerWithUser(prefix, '-@all', ...RULE);
  const failures = createCollector<string>();
  const engine = await open(server, prefix, (error) => failures.add(error.message));
  cleanup(() => engine.close());
  const harness = createEngineHarness(() => engine);
  const [renders, submits] = [harness.queue('render'), harness.queue('submit')];
  await harness.events(renders);
  await harness.worker(submits, async () => 'bought', { limiter: { max: 10, duration: 1_000 } });
  await harness.worker(renders, async (job) => Object.values(await job.getChildrenValues())[0]);
  await renders.add('render', {}, { jobId: 'r.1', delay: 100, priority: 2 });
  const parent = { id: 'r.1', queue: renders.qualifiedName };
  await submits.addBulk([{ name: 'submit', data: {}, opts: { jobId: 'r.1.s1', parent } }]);
  await waitForState(renders, 'r.1', 'completed');
  await engine.counters.take('polls', 1);
  await engine.counters.block('polls', 2_000);
  await engine.readJobTexts(renders.name, ['r.1']);
  await engine.readJobTimes(renders.name, 'failed', { from: 0, to: 9 });
  await engine.readJobTimes(renders.name, 'delayed', { from: 0, to: 9, latestFirst: true });
  const { last } = await engine.readAddedJobs(renders.name, 2);
  await engine.readAddedJobs(renders.name, 2, last);
  await engine.findExistingJobs(renders.name, ['r.1']);
  await renders.upsertJobScheduler('sweep', { every: 60_000 }, { name: 'sweep' });
  await renders.getJobCounts();
  await submits.pause();
  await submits.resume();
  await submits.rateLimit(1);
  await renders.remove('r.1');
  await engine.warnings();
  await engine.close();
  expect(failures.all).toEqual([]);
  // ioredis names itself to the server and does not mind a denial.
  const denied = (await admin.call('ACL', 'LOG')) as unknown[][];
  expect(
    denied.map((entry) => entry[entry.indexOf('object') + 1]).filter((name) => name !== 'client|setinfo'),
  ).toEqual([]);
});

withOwnRedis(
  'an engine does not open when its user lacks commands: the error names the ACL rule',
  async () => {
    const prefix = uniquePrefix();
    const { server, admin } = await createServerWithUser(
      prefix,
      '+@all',
      '-info',
      '-bzpopmin',
      '-script|load',
    );
    const error = await open(server, prefix).then(
      () => undefined,
      (reason: Error) => reason,
    );
    expect(error).toMatchObject({ code: 'forbidden' });
    expect(error?.message).toContain('ACL SETUSER images +info +script|load +bzpopmin');
    expect(error?.message).not.toContain('hush');
    // The rule of the error is enough.
    const rule = /ACL SETUSER images (.*)$/.exec(error?.message ?? '')?.[1] ?? '';
    await admin.call('ACL', 'SETUSER', 'images', ...rule.split(' '));
    const engine = await open(server, prefix);
    await engine.close();
  },
);

withOwnRedis(
  'an engine does not open when its user may not use the keys: the error names the ACL rule',
  async () => {
    const { server } = await createServerWithUser('other', '+@all');
    await expect(open(server, 'shop')).rejects.toMatchObject({
      code: 'forbidden',
      message: expect.stringContaining('ACL SETUSER images ~{shop}:*'),
    });
  },
);

withOwnRedis(
  'a worker that loses a permission pauses between its tries, and continues when it has it again',
  async () => {
    const prefix = uniquePrefix();
    const { server, admin } = await createServerWithUser(prefix, '+@all');
    const engine = await open(server, prefix);
    cleanup(() => engine.close());
    const harness = createEngineHarness(() => engine);
    const queue = harness.queue();
    await admin.call('ACL', 'SETUSER', 'images', '-@scripting');
    const failures = createCollector<string>();
    const worker = engine.worker(queue.name, async () => 'ran');
    worker.on('error', (error) => failures.add(error.message));
    await failures.atLeast(3);
    const [first, third] = [failures.times[0] ?? 0, failures.times[2] ?? 0];
    expect(third - first).toBeGreaterThan(900);
    await expect(queue.add('render', {}, { jobId: 'r.1' })).rejects.toMatchObject({ code: 'unavailable' });
    await expect(engine.ping(5_000)).rejects.toMatchObject({
      code: 'forbidden',
      message: expect.stringContaining('+evalsha'),
    });
    await admin.call('ACL', 'SETUSER', 'images', '+@all');
    await until(() => queue.add('render', {}, { jobId: 'r.1' }).then(() => true));
    await waitForState(queue, 'r.1', 'completed');
    await engine.ping(5_000);
  },
);

withOwnRedis(
  'ping() gives the reason when Redis refuses the password, and resolves when it accepts it',
  async () => {
    const prefix = uniquePrefix();
    const { server, admin } = await createServerWithUser(prefix, '+@all', 'resetpass', '>another');
    const engine = await open(server, prefix);
    cleanup(() => engine.close());
    await expect(engine.ping(1_000)).rejects.toMatchObject({
      code: 'unauthorized',
      message: expect.stringMatching(/^Redis refuses the user images of QUEUE_URL: WRONGPASS /),
    });
    await admin.call('ACL', 'SETUSER', 'images', '>hush-hush');
    await until(() => engine.ping(5_000).then(() => true));
  },
);

withOwnRedis('ping() gives the reason when Redis needs a password and QUEUE_URL has none', async () => {
  const server = await createOwnRedis('--requirepass', 'hush-hush');
  await server.start();
  const engine = await openEngine({
    queueUrl: server.url,
    dataDir: '',
    role: 'both',
    operationTimeoutMs: 500,
    onError: () => undefined,
  });
  cleanup(() => engine.close());
  await expect(engine.ping(1_000)).rejects.toMatchObject({
    code: 'unauthorized',
    message: expect.stringMatching(/^Redis refuses the user default of QUEUE_URL: NOAUTH /),
  });
});
