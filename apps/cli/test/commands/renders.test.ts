import { systemClock } from '@darkroom/shared/runtime';
import { cleanup, requires, until } from '@darkroom/testkit';
import { beforeAll, expect, test, vi } from 'vitest';
import { type RunningDarkroom, startDarkroom } from '../support/running-darkroom.ts';

requires('redis').describe('commands about renders', () => {
  let server: RunningDarkroom;
  let completed: string;
  let failed: string;
  let stuck: string;

  beforeAll(async () => {
    server = await startDarkroom();
    completed = await server.create({ prompt: 'a mug', run: 'night' });
    failed = await server.create({ prompt: 'a mug [[sim:invalid_request]]', run: 'night' });
    stuck = await server.create({ prompt: 'a mug [[sim:stuck]]', run: 'day' });
  });

  test('watch follows a render to its end, and its exit code says how it ended', async () => {
    const { code, out, err } = await server.run(['renders', 'watch', completed]);
    expect(code).toBe(0);
    expect(out).toMatch(new RegExp(`^id +${completed}\nstatus +completed\n`));
    // Plain lines without a terminal.
    expect(err).not.toContain('\u001b');
    expect(err).toMatch(/100 % · completed\n$/);
    expect((await server.run(['renders', 'watch', failed])).code).toBe(1);
    const run = await server.run(['renders', 'watch', '--run', 'night']);
    expect(run.code).toBe(5);
    expect(run.err).toMatch(/2\/2 renders · 1 failed/);
    expect((await server.run(['renders', 'watch', '--run', 'nothing'])).code).toBe(3);
  });

  test('watch of a run asks once per poll, only for the renders that have not ended', async () => {
    const stuckToo = await server.create({ prompt: 'a mug [[sim:stuck]]', run: 'many' });
    const other = await server.create({ prompt: 'a mug', run: 'many' });
    await server.run(['renders', 'watch', other]);
    const fetched = vi.spyOn(globalThis, 'fetch');
    cleanup(() => fetched.mockRestore());
    const queries = () =>
      fetched.mock.calls.flatMap(([input]) => /\/v1\/renders\?(.*)/.exec(String(input))?.[1] ?? []);
    let polls = 0;
    const sleep = async () => {
      polls += 1;
      if (polls === 5) await server.run(['renders', 'cancel', stuckToo, '--yes']);
    };
    const watched = await server.run(['renders', 'watch', '--run', 'many'], {
      clock: { ...systemClock, sleep },
    });
    expect(watched.code).toBe(5);
    expect(watched.err).toContain('2/2 renders');
    const asked = queries();
    const ofAll = asked.filter((query) => !query.includes('status='));
    // At the beginning and at the end.
    expect(ofAll).toHaveLength(2);
    expect(asked.length - ofAll.length).toBe(polls);
    expect(polls).toBeGreaterThanOrEqual(5);
    const poll = new URLSearchParams(asked[1]);
    expect(poll.get('status')).toBe('queued,rendering,storing');
    expect(poll.has('created_after')).toBe(true);
  }, 60_000);

  test('list shows renders as a table, and selects fields and renders', async () => {
    const { out } = await server.run(['renders', 'list']);
    expect(out.split('\n')[0]).toMatch(/^ID +STATUS +AGE +RUN +TENANT +SPENT +REASON$/);
    const { out: json } = await server.run(['renders', 'list', '--run', 'night', '--json', 'id,status']);
    expect(JSON.parse(json)).toEqual([
      { id: failed, status: 'failed' },
      { id: completed, status: 'completed' },
    ]);
    expect(await server.json(['renders', 'list', '--limit', '1'])).toHaveLength(1);
    expect(
      await server.json(['renders', 'list', '--run', 'night', '--status', 'completed,failed']),
    ).toHaveLength(2);
  });

  test('why explains a failure and a wait, and names the command that helps', async () => {
    expect(await server.json(['renders', 'why', failed])).toMatchObject({
      code: 'invalid_request',
      meaning: expect.stringContaining('Nothing was bought'),
      resolves_itself: false,
    });
    await until(async () => (await server.json(['renders', 'get', stuck])).status === 'rendering');
    const waiting = await server.run(['renders', 'why', stuck]);
    expect(waiting.out).toMatch(/reason +provider/);
    expect(waiting.out).toContain(`darkroom renders watch ${stuck}`);
  });

  test('cancel asks first, needs --yes without a terminal, and reports what it could not cancel', async () => {
    const asked = await server.run(['renders', 'cancel', stuck]);
    expect(asked).toMatchObject({ code: 2, out: '' });
    expect(asked.err).toMatch(/^error: --yes: expected this flag, because there is no terminal/);
    const json = await server.run(['renders', 'cancel', stuck, '--json', 'id'], { answer: true });
    expect(json.err).toMatch(/^error: --yes: expected this flag, because --json asks nothing/);
    expect((await server.run(['renders', 'cancel', stuck], { answer: false })).code).toBe(4);
    expect((await server.json(['renders', 'get', stuck])).status).toBe('rendering');
    const both = await server.run(['renders', 'cancel', stuck, completed], { answer: true });
    expect(both.code).toBe(5);
    expect(both.out).toContain(`${stuck}  `);
    expect(both.err).toContain(`${completed}  The render has ended`);
    expect((await server.run(['renders', 'watch', stuck])).code).toBe(4);
  });

  test('pause holds a run back, why names the pause and the command, and let-through and resume free renders', async () => {
    const paused = await server.json([
      'pause',
      '--run',
      'later',
      '--reason',
      'review',
      '--owner',
      'ann',
      '--name',
      'review-1',
      '--yes',
    ]);
    expect(paused).toMatchObject({ name: 'review-1', scope: { run: 'later', tenant: null }, owner: 'ann' });
    expect((await server.run(['pause', 'list'])).out).toMatch(/review-1 +run later +ann/);
    const first = await server.create({ prompt: 'a mug', run: 'later' });
    const second = await server.create({ prompt: 'a mug', run: 'later' });
    await until(async () => (await server.json(['renders', 'why', second])).code === 'paused');
    expect(await server.json(['renders', 'why', first])).toMatchObject({
      owner: 'ann',
      commands: ['darkroom pause list', 'darkroom resume review-1', expect.stringContaining(first)],
    });
    await server.run(['renders', 'let-through', first, '--reason', 'sample', '--yes']);
    expect((await server.run(['renders', 'watch', first])).code).toBe(0);
    expect((await server.json(['renders', 'get', second])).status).toBe('queued');
    expect((await server.run(['resume', 'review-1', '--yes'])).out).toContain('Ended: review-1 (run later)');
    expect((await server.run(['renders', 'watch', second])).code).toBe(0);
    const wrong = await server.run(['pause', 'submit', '--tenant', 'a', '--reason', 'x', '--yes']);
    expect(wrong.err).toContain('--tenant: expected no value');
  });

  test('buy-again shows the price, asks, and buys one copy, however often it runs', async () => {
    const first = await server.create({ prompt: 'a mug', metadata: { sku: '1042' } });
    expect((await server.run(['renders', 'watch', first])).code).toBe(0);
    const bills = (id: string) => server.simulator.book.byBusinessId(id).length;
    const buy = (...more: string[]) => server.run(['renders', 'buy-again', first, ...more]);
    expect(await buy()).toMatchObject({ code: 2, err: expect.stringContaining('--reason: expected why') });
    const { id: copy, price } = await server.json(['renders', 'buy-again', first, '--dry-run']);
    expect((await buy('--dry-run')).out).toBe(
      `A copy of ${first} costs $${price}. It would be the render ${copy}.\n`,
    );
    const asked = await buy('--reason', 'no handle');
    expect(asked).toMatchObject({ code: 2, out: '' });
    expect(asked.err).toContain(`Buy ${first} again for $${price}?`);
    expect((await buy('--reason', 'no handle', '--max-spend', '0.001', '--yes')).code).toBe(6);
    expect((await server.run(['renders', 'get', copy])).code).toBe(3);

    const bought = await buy('--reason', 'no handle', '--yes');
    expect(bought).toMatchObject({ code: 0, out: expect.stringContaining(`is bought again, as ${copy}`) });
    expect((await server.run(['renders', 'watch', copy])).code).toBe(0);
    const again = await buy('--reason', 'no handle', '--yes');
    expect(again).toMatchObject({ code: 0, out: expect.stringContaining(`as ${copy} (completed)`) });
    expect([bills(first), bills(copy)]).toEqual([1, 1]);
    expect((await server.run(['renders', 'get', copy])).out).toMatch(new RegExp(`^copy of +${first}$`, 'm'));
    // The receipt says it after the queue's retention.
    const receipt = Buffer.from((await server.store.get(`renders/${copy}.json`)) ?? []).toString();
    expect(JSON.parse(receipt)).toMatchObject({ copyOf: first, request: { metadata: { sku: '1042' } } });
    const [entry] = await server.json(['audit', 'list', '--target', `render:${first}`]);
    expect(entry).toMatchObject({ action: 'render.buy_again', source: 'cli', after: { copy, price } });
    // A failed render is redriven.
    expect(await server.run(['renders', 'buy-again', failed, '--dry-run'])).toMatchObject({
      code: 1,
      err: expect.stringContaining('redrive it'),
    });
  });

  test('a render that does not exist, a wrong key and a wrong value have their own exit codes', async () => {
    const unknown = await server.run(['renders', 'get', `rnd_${'0'.repeat(32)}`]);
    expect(unknown.code).toBe(3);
    const key = await server.run(['renders', 'list'], { env: { DARKROOM_API_KEY: 'wrong' } });
    expect(key.code).toBe(1);
    expect(key.err).toContain('Set DARKROOM_API_KEY');
    const time = await server.run(['renders', 'list', '--after', 'yesterday']);
    expect(time.code).toBe(2);
    expect(time.err).toMatch(
      /^error: --after: expected an ISO 8601 time.* received the string "yesterday"\n$/,
    );
    const field = await server.run(['renders', 'list', '--json', 'id,nope']);
    expect(field).toMatchObject({ code: 2, err: expect.stringMatching(/^error: --json: .*received "nope"/) });
  });

  test('--json without a value lists the fields, and --web opens the page', async () => {
    const { out, code } = await server.run(['renders', 'get', completed, '--json']);
    expect(code).toBe(0);
    expect(out.split('\n')).toEqual(
      expect.arrayContaining(['id', 'status', 'cost', 'queue_position', 'all']),
    );
    const { opened } = await server.run(['renders', 'get', completed, '--web']);
    expect(opened).toEqual([`${server.url}/renders/${completed}`]);
    expect((await server.run(['open', completed])).out).toBe(`${server.url}/renders/${completed}\n`);
  });

  test('keys new makes a key that works at once, keys list shows it, and keys revoke ends it', async () => {
    const made = await server.json(['keys', 'new', '--tenant', 'shop', '--name', 'a test']);
    const env = { DARKROOM_API_KEY: made.key };
    expect((await server.run(['renders', 'list'], { env })).code).toBe(0);
    expect((await server.run(['keys', 'list'])).out).toMatch(new RegExp(`${made.id} .*store +a test.*works`));
    const revoked = await server.run(['keys', 'revoke', made.id, '--yes', '--reason', 'test']);
    expect(revoked.out).toMatch(/revoked by key \*:…:\w+…: test/);
    expect((await server.run(['renders', 'list'], { env })).code).toBe(1);
    const [{ id }] = await server.json(['keys', 'list', '--json', 'id']);
    expect((await server.run(['keys', 'revoke', id, '--yes'])).err).toContain('entry of API_KEYS');
  });

  test('deliveries list is empty for a render without a webhook', async () => {
    const { out } = await server.run(['deliveries', 'list', completed]);
    expect(out).toMatch(/^The render has no webhook deliveries/);
    expect((await server.run(['deliveries', 'redeliver', completed, '--yes'])).code).toBe(3);
  });
});

requires('redis').test('a held render continues as the operator states', async () => {
  const server = await startDarkroom();
  const id = await server.create({ prompt: 'a mug [[sim:accept_then_cut]]' });
  await until(async () => (await server.json(['renders', 'why', id])).commands.length === 3);
  const [commands] = (await server.json(['renders', 'why', id])).commands;
  expect(commands).toBe(`darkroom renders resolve ${id} bought --task <task id>`);
  const missing = await server.run(['renders', 'resolve', id, 'bought', '--yes']);
  expect(missing.err).toBe("error: --task: expected the id of the provider's task, received nothing\n");
  const task = server.simulator.book.byBusinessId(id)[0]?.taskId ?? '';
  const stated = await server.run(['renders', 'resolve', id, 'bought', '--task', task, '--yes']);
  expect(stated).toMatchObject({ code: 0, out: expect.stringContaining('The ledger has the statement') });
  expect((await server.run(['renders', 'watch', id])).code).toBe(0);
  expect(server.simulator.book.byBusinessId(id)).toHaveLength(1);

  const many = (input: string) => server.run(['renders', 'resolve', '--stdin', '--yes'], { input });
  // No statement is made when one line is wrong.
  expect(await many(`${id} buy-again\n${id} maybe\n`)).toMatchObject({
    code: 2,
    err: `error: ${id}: expected bought, not-bought, buy-again, received maybe\n`,
  });
  expect(await many(`${id} not-bought\n`)).toMatchObject({
    code: 1,
    err: expect.stringContaining('No statement was taken.'),
  });
  expect(server.simulator.book.byBusinessId(id)).toHaveLength(1);
});

requires('redis').test('pause and resume stop and start a queue, with a reason', async () => {
  const server = await startDarkroom({}, { worker: false });
  const without = await server.run(['pause', 'submit', '--yes']);
  expect(without).toMatchObject({ code: 2, err: expect.stringContaining("'--reason <text>' not specified") });
  expect((await server.run(['pause', 'submits', '--reason', 'x'])).err).toContain(
    'Allowed choices are render',
  );
  expect((await server.run(['pause', 'submit', '--reason', 'outage', '--yes'])).code).toBe(0);
  const queues = await server.json(['queues', 'list']);
  expect(queues.find(({ name }: { name: string }) => name === 'submit').paused).toMatchObject({
    reason: 'outage',
  });
  const id = await server.create({ prompt: 'a mug' });
  const why = await server.run(['renders', 'why', id]);
  expect(why.out).toMatch(/reason +paused\nmessage +outage/);
  expect(why.out).toContain('darkroom resume submit');
  expect((await server.run(['resume', 'submit', '--yes'])).out).toContain('Ended: queue-submit');
  const actions = await server.json(['audit', 'list', '--target', 'queue:submit']);
  expect(actions).toMatchObject([
    { action: 'queue.resume', source: 'cli' },
    { action: 'queue.pause', source: 'cli', reason: 'outage' },
  ]);
  expect((await server.run(['audit', 'list', '--limit', '1'])).out).toMatch(/queue\.resume +queue:submit/);
});
