import type { RenderStatus } from '@darkroom/api';
import { expect, test } from 'vitest';
import type { RunRef, TalliedRender } from '../../../src/engine/index.ts';
import type { EngineHarness } from '../../support/engine-harness.ts';

const MINUTE = 60_000;
const AT = 1_000 * MINUTE;

const stand = (renderId: string, place: number, status: RenderStatus, spentMicros = 0): TalliedRender => ({
  renderId,
  place,
  status,
  spentMicros,
  refundedMicros: 0,
  possiblySpentMicros: 0,
  ...(place % 2 === 0 ? { endedAt: AT } : {}),
});

const QUEUED = (id: string) => stand(id, 1, 'queued');

let runs = 0;
const open = async (harness: EngineHarness, isNew = true) => {
  const tallies = harness.engine().runTallies;
  const run: RunRef = { tenant: 'shop', id: `night.${++runs}` };
  await tallies.open(run, isNew);
  return { tallies, run, read: () => tallies.read(run) };
};

export function testRunTallies(harness: EngineHarness): void {
  test('a render that is moved twice is counted once, and its cost, too', async () => {
    const { tallies, run, read } = await open(harness);
    await tallies.change(run, 'add', [QUEUED('a'), QUEUED('b')]);
    for (let times = 0; times < 2; times += 1) {
      await tallies.change(run, 'add', [QUEUED('a')]);
      await tallies.change(run, 'move', [stand('a', 1, 'rendering', 25)]);
      await tallies.change(run, 'move', [stand('a', 2, 'completed', 25)]);
    }
    expect(await read()).toMatchObject({
      counts: { queued: 1, rendering: 0, completed: 1 },
      spentMicros: 25,
      remaining: 1,
      endedPerMinute: new Map([[1_000, 1]]),
    });
  });

  test('a late move changes nothing, and a redrive opens the render again', async () => {
    const { tallies, run, read } = await open(harness);
    await tallies.change(run, 'move', [stand('a', 2, 'failed', 25)]);
    await tallies.change(run, 'move', [stand('a', 1, 'storing', 25)]);
    expect((await read())?.counts).toMatchObject({ storing: 0, failed: 1 });
    await tallies.change(run, 'move', [stand('a', 3, 'rendering', 50)]);
    expect(await read()).toMatchObject({
      counts: { failed: 0, rendering: 1 },
      spentMicros: 50,
      remaining: 1,
    });
    // What the store knew before the redrive.
    await tallies.change(run, 'fill', [stand('a', 2, 'failed', 25), stand('a', 3, 'queued', 25)]);
    expect((await read())?.counts).toMatchObject({ failed: 0, rendering: 1, queued: 0 });
  });

  test('a closed run refuses unknown renders, and keeps those that it has', async () => {
    const { tallies, run, read } = await open(harness);
    await tallies.change(run, 'add', [QUEUED('a')]);
    expect(await tallies.close(run, 'sealed')).toMatchObject({ closed: 'sealed', remaining: 1 });
    expect((await tallies.change(run, 'add', [QUEUED('a'), QUEUED('b')])).refused).toEqual(['b']);
    await tallies.close(run, 'canceled');
    expect(await tallies.close(run, 'sealed')).toMatchObject({ closed: 'canceled' });
    expect(await read()).toMatchObject({ counts: { queued: 1 }, closed: 'canceled' });
  });

  test('of many adds beside a close, those that were not refused are counted', async () => {
    const { tallies, run } = await open(harness);
    const add = async (n: number) => (await tallies.change(run, 'add', [QUEUED(`r${n}`)])).refused.length;
    const adds = Array.from({ length: 40 }, (_, n) => n);
    const [before, , after] = await Promise.all([
      Promise.all(adds.slice(0, 20).map(add)),
      tallies.close(run, 'sealed'),
      Promise.all(adds.slice(20).map(add)),
    ]);
    const refused = [...before, ...after].reduce((sum, one) => sum + one, 0);
    expect((await tallies.read(run))?.counts.queued).toBe(40 - refused);
  });

  test('a render is withdrawn only before it has begun', async () => {
    const { tallies, run, read } = await open(harness);
    await tallies.change(run, 'add', [QUEUED('a'), QUEUED('b')]);
    await tallies.change(run, 'move', [stand('b', 1, 'rendering', 25)]);
    await tallies.change(run, 'withdraw', [QUEUED('a'), QUEUED('b'), QUEUED('c')]);
    expect(await read()).toMatchObject({ counts: { queued: 0, rendering: 1 }, remaining: 1 });
  });

  test('a tally is forgotten after its own end only, and stays when a render runs again', async () => {
    const { tallies, run, read } = await open(harness);
    await tallies.change(run, 'move', [stand('a', 2, 'failed')]);
    expect(await tallies.finish(run, 2)).toBe('other');
    await tallies.change(run, 'move', [stand('a', 3, 'rendering')]);
    expect(await tallies.finish(run, 1)).toBe('continues');
    expect(await read()).toMatchObject({ opening: 2, remaining: 1, isReady: true });
    await tallies.change(run, 'move', [stand('a', 4, 'completed')]);
    expect(await tallies.finish(run, 2)).toBe('removed');
    expect(await read()).toBeUndefined();
    expect(await tallies.finish(run, 2)).toBe('removed');
  });

  test('a run that existed before is not complete until it is filled', async () => {
    const { tallies, run, read } = await open(harness, false);
    expect(await read()).toBeUndefined();
    expect(await tallies.change(run, 'move', [stand('a', 2, 'completed')])).toMatchObject({ isReady: false });
    expect(await tallies.find(run)).toMatchObject({ exists: true, isReady: false, closed: undefined });
    expect(await tallies.markReady(run, 3)).toMatchObject({ isReady: true, opening: 3, remaining: 0 });
  });

  test('every run that is created changes the revision of all', async () => {
    const { tallies, run } = await open(harness);
    const { revision } = await tallies.find({ tenant: 'shop', id: 'label' });
    await tallies.open(run, false);
    const other = await tallies.find({ tenant: 'shop', id: 'label' });
    expect(other).toMatchObject({ exists: false, isReady: false });
    expect(other.revision).not.toBe(revision);
  });

  test('the remaining renders are listed, also many', async () => {
    const { tallies, run } = await open(harness);
    const ids = Array.from({ length: 1_200 }, (_, n) => `r${n}`);
    await tallies.change(run, 'add', ids.map(QUEUED));
    await tallies.change(run, 'move', [stand('r0', 2, 'completed'), stand('r1', 1, 'rendering')]);
    const listed = new Set<string>();
    for await (const part of tallies.listRenders(run, ['queued'])) for (const id of part) listed.add(id);
    expect(listed).toEqual(new Set(ids.slice(2)));
  });

  test('only the last hour of ends is kept by minute', async () => {
    const { tallies, run, read } = await open(harness);
    const end = (id: string, minute: number) =>
      tallies.change(run, 'move', [{ ...stand(id, 2, 'completed'), endedAt: minute * MINUTE }]);
    for (const [id, minute] of [
      ['a', 1],
      ['b', 100],
      ['c', 100],
      ['d', 159],
      ['e', 40],
      ['f', 160],
    ] as const)
      await end(id, minute);
    expect(new Map((await read())?.endedPerMinute)).toEqual(
      new Map([
        [159, 1],
        [160, 1],
      ]),
    );
  });
}
