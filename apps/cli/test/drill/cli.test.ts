import { systemClock } from '@darkroom/shared/runtime';
import { requires, until } from '@darkroom/testkit';
import type { FaultRule } from '@darkroom/upstream-simulator';
import { beforeAll, expect, test, vi } from 'vitest';
import { type RunningDarkroom, startDarkroom } from '../support/running-darkroom.ts';

/** Renders of the drill. `DRILL_RENDERS=300` is the large drill. */
const RENDERS = Number(process.env['DRILL_RENDERS'] ?? 36);
const formatDollars = (purchases: number) => (purchases * 0.025).toFixed(3);

/** What breaks at the provider, by a word of the prompt. Each rule lasts until the provider is repaired. */
const FAULTS = {
  chair: { kind: 'no_channel' },
  lamp: { kind: 'accept_then_cut' },
  vase: { kind: 'cut_before' },
  clock: { kind: 'query_404', forMs: 86_400_000 },
  shelf: { kind: 'redirect', to: 'https://elsewhere.example/image.png', forMs: 86_400_000 },
  table: { kind: 'fail_task' },
  mirror: { kind: 'refuse_content' },
} as const satisfies Record<string, FaultRule>;
type Subject = keyof typeof FAULTS;

/** Two kinds of lost answers look the same: one bought the image, the other did not. */
const SIX_WAYS: readonly (readonly Subject[])[] = [
  ['chair'],
  ['lamp', 'vase'],
  ['clock'],
  ['shelf'],
  ['table'],
  ['mirror'],
];

vi.setConfig({ testTimeout: 120_000, hookTimeout: 240_000 });

requires('redis').describe('the drill', () => {
  let server: RunningDarkroom;
  const subjects = new Map<string, Subject>();
  const having = (...wanted: Subject[]) =>
    [...subjects].flatMap(([id, subject]) => (wanted.includes(subject) ? [id] : [])).sort();

  beforeAll(async () => {
    server = await startDarkroom(
      { SUBMIT_ATTEMPTS: 1, MAX_PURCHASES: 1, UNKNOWN_GRACE_MS: 200, TASK_MISSING_GRACE_MS: 200 },
      // Jitter is always low, so that backoffs are short.
      { clock: { ...systemClock, random: () => 0.02 } },
    );
    for (const [subject, fault] of Object.entries(FAULTS))
      server.simulator.faults.add({ ...fault, promptIncludes: subject, rate: 1 } as FaultRule);
    await Promise.all(
      Array.from({ length: RENDERS }, async (_, at) => {
        const way = SIX_WAYS[at % SIX_WAYS.length] as readonly Subject[];
        const subject = way[Math.floor(at / SIX_WAYS.length) % way.length] as Subject;
        subjects.set(await server.create({ prompt: `${subject} ${at}`, run: 'night' }), subject);
      }),
    );
    await until(async () => (await server.json(['dead-letters', 'summary'])).count === RENDERS, {
      timeout: 200_000,
    });
  });

  test('a script of CLI calls completes every recoverable render, and buys what its plan names', async () => {
    const { simulator, json, run } = server;
    const { groups } = await json(['dead-letters', 'summary']);
    expect(groups.map(({ code }: { code: string }) => code).sort()).toEqual([
      'content_policy_violation',
      'generation_failed',
      'result_host_refused',
      'submission_unknown',
      'task_lost',
      'upstream_unreachable',
    ]);
    simulator.faults.clear();
    const broken = simulator.book.totals();
    const known = new Set(simulator.book.entries().map(({ taskId }) => taskId));

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
    expect(simulator.book.totals()).toEqual(broken);

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
    const spent = simulator.book.totals().net - broken.net;
    expect(spent).toBe(Math.round((Number(again.acknowledge.price) + Number(plan.purchases.price)) * 1e6));
    const added = simulator.book.entries().filter(({ taskId }) => !known.has(taskId));
    expect(added.map(({ clientBusinessId }) => clientBusinessId ?? '').sort()).toEqual(
      having('chair', 'table', 'vase'),
    );
    for (const [id, subjects] of [
      [second.id, bought],
      [first.id, having('vase')],
    ] as const) {
      const items = await json(['redrives', 'items', id, '--limit', '500']);
      const named = items.filter(({ buys }: { buys: boolean }) => buys);
      expect(named.map((item: { id: string }) => item.id).sort()).toEqual(subjects);
    }

    const done = await json(['renders', 'list', '--status', 'completed', '--limit', '500']);
    expect(done.map((render: { id: string }) => render.id).sort()).toEqual(
      [...subjects.keys()].filter((one) => subjects.get(one) !== 'mirror').sort(),
    );
    expect((await json(['dead-letters', 'summary'])).count).toBe(0);
  });
});
