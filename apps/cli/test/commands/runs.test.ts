import { requires, until } from '@darkroom/testkit';
import { beforeAll, expect, test } from 'vitest';
import { type RunningDarkroom, startDarkroom } from '../support/running-darkroom.ts';

requires('redis').describe('commands about runs', () => {
  let server: RunningDarkroom;
  const shop = ['--tenant', 'shop'];

  beforeAll(async () => {
    server = await startDarkroom();
  });

  test('a run is created, sealed, watched to its end, and its results are written line by line', async () => {
    const created = await server.run([
      'runs',
      'new',
      'night-1',
      ...shop,
      '--lane',
      'batch',
      '--name',
      'The night',
    ]);
    expect(created.code).toBe(0);
    expect(created.out).toMatch(/status +open/);
    await server.create({ prompt: 'a mug', run: 'night-1' });
    await server.create({ prompt: 'chair [[sim:refuse_content]]', run: 'night-1' });
    expect(await server.json(['runs', 'seal', 'night-1', ...shop])).toMatchObject({
      status: 'sealed',
      total: 2,
    });
    const watched = await server.run(['runs', 'watch', 'night-1', ...shop]);
    // One of two failed.
    expect(watched.code).toBe(5);
    expect(watched.out).toMatch(/renders +2: 1 completed, 1 failed/);
    const { out } = await server.run(['runs', 'results', 'night-1', ...shop]);
    const lines = out
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as { status: string });
    expect(lines.map(({ status }) => status).toSorted()).toEqual(['completed', 'failed']);
    expect(await server.json(['runs', 'results', 'night-1', ...shop, '--status', 'failed'])).toMatchObject([
      { error_code: 'content_policy_violation' },
    ]);
    expect(await server.json(['runs', 'redrive', 'night-1', ...shop])).toMatchObject({ total: 1 });
    expect(await server.json(['runs', 'list', ...shop])).toMatchObject([
      { id: 'night-1', status: 'finished' },
    ]);
  });

  test('a cancel asks first, and an unknown run is not found', async () => {
    await server.run(['runs', 'new', 'night-2', ...shop]);
    expect((await server.run(['runs', 'cancel', 'night-2', ...shop])).code).toBe(2);
    const canceled = await server.run(['runs', 'cancel', 'night-2', ...shop, '--reason', 'wrong', '--yes']);
    expect(canceled.code).toBe(0);
    await until(async () => (await server.json(['runs', 'get', 'night-2', ...shop])).status === 'finished');
    expect((await server.run(['runs', 'watch', 'night-2', ...shop])).code).toBe(4);
    expect((await server.run(['runs', 'get', 'none', ...shop])).code).toBe(3);
    expect((await server.run(['runs', 'results', 'none', ...shop])).code).toBe(3);
  });
});
