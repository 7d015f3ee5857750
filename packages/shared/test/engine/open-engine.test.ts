import { fileURLToPath } from 'node:url';
import { cleanup, requires, service, spawnNode, tempDir, until } from '@darkroom/testkit';
import { describe, expect, test } from 'vitest';
import { openEngine } from '../../src/engine/index.ts';

const entry = fileURLToPath(new URL('./fixtures/worker-process.ts', import.meta.url));
const onError = (error: Error, where: string) => console.error(where, error);

test('a PostgreSQL server is refused, and the reason names what to use', async () => {
  const open = openEngine({ queueUrl: 'postgres://db/queue', dataDir: '', role: 'both', onError });
  await expect(open).rejects.toMatchObject({ code: 'unsupported', message: expect.stringMatching(/Redis/) });
});

describe('the embedded engine', () => {
  test('has its folder to itself, and names who has it', async () => {
    const dataDir = await tempDir();
    const other = spawnNode(entry, { env: { DATA_DIR: dataDir }, name: 'other' });
    await other.waitForLine('open');
    const open = () => openEngine({ dataDir, role: 'both', onError });
    await expect(open()).rejects.toMatchObject({
      code: 'locked',
      // The launcher of the test may be the parent of the process it names.
      message: expect.stringMatching(/in use by process \d+ \(since .*DATA_DIR.*QUEUE_URL/s),
    });
    await other.kill('SIGKILL');
    const engine = await open();
    cleanup(() => engine.close());
    await engine.ping(20_000);
    await expect(open()).rejects.toMatchObject({ code: 'locked' });
  });

  test('closed, it gives the folder back with everything in it; closing again is nothing', async () => {
    const dataDir = await tempDir();
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
  test('gives the same queue for the same name, answers, and tells nothing secret', async () => {
    const { url } = service('redis');
    const engine = await openEngine({ queueUrl: url, dataDir: '', role: 'producer', onError });
    cleanup(() => engine.close());
    expect(engine.queue('render')).toBe(engine.queue('render'));
    await engine.ping(20_000);
    expect(engine.description).not.toContain('@');
    expect(await engine.warnings()).toBeInstanceOf(Array);
  });

  test('a wrong password is reported without it', async () => {
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
