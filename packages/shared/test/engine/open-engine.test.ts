import { fileURLToPath } from 'node:url';
import { cleanup, databaseDir, requires, service, spawnNode, until } from '@darkroom/testkit';
import { describe, expect, test } from 'vitest';
import { openEngine } from '../../src/engine/index.ts';

const entry = fileURLToPath(new URL('./fixtures/worker-process.ts', import.meta.url));
const onError = (error: Error, where: string) => console.error(where, error);

test('openEngine() refuses a PostgreSQL server, and the error names Redis', async () => {
  const open = openEngine({ queueUrl: 'postgres://db/queue', dataDir: '', role: 'both', onError });
  await expect(open).rejects.toMatchObject({ code: 'unsupported', message: expect.stringMatching(/Redis/) });
});

describe('the embedded engine', () => {
  test('only one process can open the folder, and the error names that process', async () => {
    const dataDir = await databaseDir(openEngine);
    const other = spawnNode(entry, { env: { DATA_DIR: dataDir }, name: 'other' });
    await other.waitForLine('open');
    const open = () => openEngine({ dataDir, role: 'both', onError });
    await expect(open()).rejects.toMatchObject({
      code: 'locked',
      // The named process may be a child of the process that the test started.
      message: expect.stringMatching(/in use by process \d+ \(since .*DATA_DIR.*QUEUE_URL/s),
    });
    await other.kill('SIGKILL');
    const engine = await open();
    cleanup(() => engine.close());
    await engine.ping(20_000);
    await expect(open()).rejects.toMatchObject({ code: 'locked' });
  });

  test('close() frees the folder with all jobs in it, and a second close() does nothing', async () => {
    const dataDir = await databaseDir(openEngine);
    const first = await openEngine({ dataDir, role: 'both', onError });
    await first.queue('render').add('render', { n: 1 }, { jobId: 'r.1' });
    await Promise.all([first.close(), first.close()]);
    await expect(first.ping(100)).rejects.toMatchObject({ code: 'unavailable' });
    expect(() => first.queue('render')).toThrow(/closed/);
    const second = await openEngine({ dataDir, role: 'both', onError });
    cleanup(() => second.close());
    expect((await second.queue('render').getJob('r.1'))?.data).toEqual({ n: 1 });
    expect(second.description).toContain(dataDir);
    expect(await second.warnings()).toEqual([]);
  });
});

requires('redis').describe('the Redis engine', () => {
  test('queue() returns the same queue for the same name, ping() resolves, and the description contains no secret', async () => {
    const { url } = service('redis');
    const engine = await openEngine({ queueUrl: url, dataDir: '', role: 'producer', onError });
    cleanup(() => engine.close());
    expect(engine.queue('render')).toBe(engine.queue('render'));
    await engine.ping(20_000);
    expect(engine.description).not.toContain('@');
    expect(await engine.warnings()).toBeInstanceOf(Array);
  });

  test('the report of a wrong password does not contain the password', async () => {
    const url = new URL(service('redis').url);
    url.password = 'not-the-secret';
    const reported: string[] = [];
    const engine = await openEngine({
      queueUrl: url.href,
      dataDir: '',
      role: 'producer',
      operationTimeoutMs: 200,
      onError: (error, where) => void reported.push(`${where} ${error.message} ${error.stack}`),
    });
    cleanup(() => engine.close());
    await until(() => /WRONGPASS|AUTH/.test(reported.join()));
    expect(reported.join()).not.toContain('not-the-secret');
    await expect(engine.queue('render').add('r', {})).rejects.toMatchObject({ code: 'unavailable' });
  });
});
