import { requires, until } from '@darkroom/testkit';
import { beforeAll, expect, test } from 'vitest';
import { type RunningDarkroom, startDarkroom } from '../support/running-darkroom.ts';

requires('redis').describe('commands about dead letters and redrives', () => {
  let server: RunningDarkroom;
  let recoverable: string[];
  let hopeless: string;

  beforeAll(async () => {
    server = await startDarkroom();
    // The first three purchases are refused; a redrive then succeeds.
    server.simulator.faults.add({ kind: 'invalid_request', promptIncludes: 'mug', times: 3 });
    recoverable = await Promise.all(
      ['a', 'b', 'c'].map((name) => server.create({ prompt: `mug ${name}`, run: 'night' })),
    );
    hopeless = await server.create({ prompt: 'chair [[sim:refuse_content]]', run: 'night' });
    await until(async () => (await server.json(['dead-letters', 'list'])).length === 4);
  });

  test('summary groups the failures by reason, and list filters them', async () => {
    const { count, groups } = await server.json(['dead-letters', 'summary']);
    expect(count).toBe(4);
    expect(groups.map((group: { code: string; count: number }) => [group.code, group.count])).toEqual([
      ['invalid_request', 3],
      ['content_policy_violation', 1],
    ]);
    const [{ key }] = groups;
    expect(await server.json(['dead-letters', 'list', '--group', key])).toHaveLength(3);
    expect(await server.json(['dead-letters', 'list', '--code', 'content_policy_violation'])).toMatchObject([
      { id: hopeless },
    ]);
    expect(await server.json(['dead-letters', 'list', '--until', '1h'])).toEqual([]);
    const { out } = await server.run(['dead-letters', 'summary']);
    expect(out).toMatch(/^COUNT +REASON/);
    expect(out).toMatch(/4 dead letters: \$0\.000 spent/);
    expect((await server.run(['dead-letters', 'get', hopeless])).out).toMatch(
      /code +content_policy_violation in step submit/,
    );
    const time = await server.run(['dead-letters', 'list', '--since', 'yesterday']);
    expect(time.err).toMatch(/^error: --since: expected an age such as 2h/);
  });

  test('a redrive needs a selection and a confirmation, and changes nothing without them', async () => {
    const nothing = await server.run(['dead-letters', 'redrive', '--yes']);
    expect(nothing).toMatchObject({
      code: 2,
      err: expect.stringMatching(/Expected ids, or filters such as --code, or --all/),
    });
    const asked = await server.run(['dead-letters', 'redrive', '--all']);
    expect(asked.code).toBe(2);
    expect(asked.err).toMatch(/purchases +4 purchases for \$0\.100/);
    expect(asked.err).toContain('--yes: expected this flag');
    expect((await server.run(['dead-letters', 'redrive', '--all'], { answer: false })).code).toBe(4);
    expect(await server.json(['redrives', 'list'])).toEqual([]);
    expect((await server.run(['dead-letters', 'redrive', '--run', 'nothing', '--yes'])).code).toBe(3);
  });

  test('a redrive buys what its plan names; a render that fails again makes it partial', async () => {
    const plan = await server.json(['redrives', 'plan', '--all']);
    expect(plan).toMatchObject({ total: 4, purchases: { count: 4, price: '0.100' } });
    const created = await server.json(['redrives', 'create', plan.id, '--rate', '100', '--yes']);
    const watched = await server.run(['redrives', 'watch', created.id]);
    expect(watched.code).toBe(5);
    expect(watched.err).toMatch(/4\/4 renders · partial, 1 failed/);
    expect(watched.out).toMatch(
      new RegExp(`${hopeless} +failed +submit +\\$0\\.025 +content_policy_violation`),
    );
    const items = await server.run(['redrives', 'items', created.id, '--status', 'done']);
    for (const id of recoverable) expect(items.out).toMatch(new RegExp(`${id} +done +submit +\\$0\\.025`));
    expect(items.out).not.toContain(hopeless);
    for (const id of recoverable)
      expect((await server.json(['renders', 'get', id])).status).toBe('completed');
    expect(server.simulator.book.totals().tasks).toBe(3);
    expect(await server.json(['redrives', 'list'])).toMatchObject([
      { id: created.id, status: 'partial', done: 3 },
    ]);
    const again = await server.run(['redrives', 'create', plan.id, '--yes']);
    expect(again).toMatchObject({ code: 1, err: expect.stringContaining('executed') });
    expect((await server.run(['redrives', 'cancel', created.id, '--yes'])).code).toBe(1);
  });

  test('spend sums what the renders cost, and a budget is set, listed and removed', async () => {
    expect(await server.json(['spend', '--by', 'run'])).toMatchObject({
      spent: '0.075',
      groups: [{ key: 'night', renders: 3, spent: '0.075' }],
    });
    expect((await server.run(['spend', '--by', 'tenant'])).out).toMatch(/shop +3 +\$0\.075 +\$0\.000/);
    expect((await server.run(['budget', 'list'])).out).toBe('There is no budget.\n');
    const set = ['budget', 'set', 'lab', '--limit', '2.5', '--tenant', 'lab'];
    expect((await server.run(set, { answer: false })).code).toBe(4);
    expect((await server.run([...set, '--yes'])).out).toMatch(/lab +\$2\.500 +day/);
    expect(await server.json(['budget', 'list'])).toMatchObject([{ name: 'lab', tenant: 'lab' }]);
    expect((await server.run(['budget', 'get', 'shop'])).code).toBe(3);
    expect((await server.run(['budget', 'unset', 'lab', '--yes'])).code).toBe(0);
    expect(await server.json(['audit', 'list', '--target', 'budget:lab'])).toMatchObject([
      { action: 'budget.unset', source: 'cli' },
      { action: 'budget.set', after: { limit: '2.500' } },
    ]);
  });

  test('quota and workers: a limit is overridden for a time and unset, and a worker is drained and undrained', async () => {
    const name = 'store-concurrency';
    const set = ['quota', 'set', name, '4', '--reason', 'slow store', '--for', '2h'];
    expect((await server.run(set, { answer: false })).code).toBe(4);
    expect((await server.run([...set, '--yes'])).out).toMatch(/store-concurrency +4 +8 +1-256 +4 /);
    await until(async () => (await server.json(['quota', 'get', name])).workers[0]?.value === 4);
    expect((await server.run(['quota', 'get'])).out).toContain('submissions-per-minute');
    const high = await server.run(['quota', 'set', name, '999', '--reason', 'more', '--yes']);
    expect(high).toMatchObject({ code: 2, err: expect.stringContaining('a whole number from 1 to 256') });
    expect((await server.run(['quota', 'set', name, 'many', '--reason', 'more', '--yes'])).code).toBe(2);
    expect((await server.run([...set, '--until', '2030-01-01T00:00:00Z', '--yes'])).code).toBe(2);
    expect(await server.json(['quota', 'unset', name, '--yes'])).toMatchObject({ value: 8, override: null });

    const [{ name: worker }] = await server.json(['workers', 'list']);
    await server.run(['workers', 'drain', worker, '--reason', 'new machine', '--yes']);
    await until(async () => (await server.json(['workers', 'list']))[0].state === 'drained');
    expect((await server.run(['workers', 'list'])).out).toContain('drained: safe to stop');
    expect((await server.run(['workers', 'undrain', worker, '--yes'])).code).toBe(0);
    await until(async () => (await server.json(['workers', 'list']))[0].state === 'running');
  });

  test('a redrive stops at its cap, which has an exit code of its own', async () => {
    const capped = await server.run(['renders', 'redrive', hopeless, '--max-spend', '0.001', '--yes']);
    expect(capped.code).toBe(6);
    expect(capped.out).toMatch(/status +stopped/);
  });

  test('discard removes dead letters with a note', async () => {
    const discarded = await server.run(['dead-letters', 'discard', '--all', '--note', 'sold out', '--yes']);
    expect(discarded).toMatchObject({ code: 0, out: '1 dead letter discarded.\n' });
    expect((await server.run(['dead-letters', 'list'])).out).toBe('No dead letters match.\n');
    expect((await server.run(['dead-letters', 'get', hopeless])).code).toBe(3);
  });
});
