import { requires } from '@darkroom/testkit';
import { beforeAll, expect, test, vi } from 'vitest';
import { type Drill, formatDollars, repairProvider, SIX_CODES, startDrill } from '../support/drill.ts';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 240_000 });

requires('redis').describe('the drill', () => {
  let drill: Drill;

  beforeAll(async () => {
    drill = await startDrill(36);
  });

  test('a script of CLI calls completes every recoverable render, and buys what its plan names', async () => {
    const { having, ids, server } = drill;
    const { simulator, json, run } = server;
    const { groups } = await json(['dead-letters', 'summary']);
    expect(groups.map(({ code }: { code: string }) => code).sort()).toEqual(SIX_CODES);
    const billing = repairProvider(drill);

    // The operator looks for each lost answer in the account of the provider. Those that were bought go on at once.
    const unknown = await json(['dead-letters', 'list', '--code', 'submission_unknown', '--limit', '500']);
    const statements = unknown.flatMap(({ id }: { id: string }) => {
      const [task] = simulator.book.byBusinessId(id);
      return task ? [`${id} bought ${task.taskId}\n`] : [];
    });
    const stated = await run(['renders', 'resolve', '--stdin', '--yes'], { input: statements.join('') });
    expect([stated.code, stated.out]).toEqual([
      0,
      expect.stringContaining(`The ledger has ${statements.length} statement`),
    ]);
    expect((await run(['renders', 'watch', ...having('lamp')])).code).toBe(0);
    expect(simulator.book.totals()).toEqual(billing.before);

    const discard = ['--code', 'content_policy_violation', '--note', 'The shop changes these prompts.'];
    expect((await run(['dead-letters', 'discard', ...discard, '--yes'])).code).toBe(0);

    // The others were not bought: the plan of these renders names what the acknowledgement buys.
    const again = await json(['redrives', 'plan', '--code', 'submission_unknown']);
    const vases = having('vase').length;
    expect(again).toMatchObject({
      total: vases,
      purchases: { count: 0 },
      acknowledge: { count: vases, price: formatDollars(vases) },
    });
    const rate = ['--rate', '500', '--yes'];
    const first = await json(['redrives', 'create', again.id, '--accept-duplicate-charge', ...rate]);
    expect((await run(['redrives', 'watch', first.id])).code).toBe(0);

    // A lost task is polled again, and is not bought again.
    const plan = await json(['redrives', 'plan', '--all']);
    const bought = having('chair', 'table');
    expect(plan).toMatchObject({
      total: having('chair', 'table', 'clock', 'shelf').length,
      unknown: 0,
      purchases: { count: bought.length, price: formatDollars(bought.length) },
      acknowledge: { count: having('clock').length },
    });
    const caps = ['--max-spend', plan.purchases.price, '--poll-again'];
    const second = await json(['redrives', 'create', plan.id, ...caps, ...rate]);
    const watched = await run(['redrives', 'watch', second.id]);
    expect([watched.code, watched.out]).toEqual([0, expect.stringMatching(/status +completed/)]);

    // Exactly those that the plans name, to the cent of the provider's billing.
    expect(billing.spent()).toBe(
      Math.round((Number(again.acknowledge.price) + Number(plan.purchases.price)) * 1e6),
    );
    expect(billing.boughtIds()).toEqual(having('chair', 'table', 'vase'));
    for (const [id, expected] of [
      [second.id, bought],
      [first.id, having('vase')],
    ] as const) {
      const items = await json(['redrives', 'items', id, '--limit', '500']);
      const named = items.filter(({ buys }: { buys: boolean }) => buys);
      expect(named.map((item: { id: string }) => item.id).sort()).toEqual(expected);
    }

    const done = await json(['renders', 'list', '--status', 'completed', '--limit', '500']);
    expect(done.map((render: { id: string }) => render.id).sort()).toEqual(
      ids.filter((id) => !having('mirror').includes(id)),
    );
    expect((await json(['dead-letters', 'summary'])).count).toBe(0);
  });
});
