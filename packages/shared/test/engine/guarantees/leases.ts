import { until } from '@darkroom/testkit';
import { expect, test } from 'vitest';
import type { EngineHarness } from '../../support/engine-harness.ts';

export function testLeases(harness: EngineHarness): void {
  test('a lease has one owner, until it is released or its time is over', async () => {
    const { leases } = harness.engine();
    const owners = ['a', 'b', 'c', 'd'];
    const answers = await Promise.all(owners.map((owner) => leases.hold('turns', owner, 60_000)));
    expect(answers.filter(Boolean)).toHaveLength(1);
    const [owner = '', other = ''] = owners.toSorted(
      (one, two) => Number(answers[owners.indexOf(two)]) - Number(answers[owners.indexOf(one)]),
    );
    expect(await leases.hold('turns', owner, 60_000)).toBe(true);
    await leases.release('turns', other);
    expect(await leases.hold('turns', other, 60_000)).toBe(false);
    expect(await leases.hold('another', other, 60_000)).toBe(true);
    await leases.release('turns', owner);
    expect(await leases.hold('turns', other, 300)).toBe(true);
    await until(() => leases.hold('turns', owner, 60_000));
    expect(await leases.hold('turns', other, 60_000)).toBe(false);
  });
}
