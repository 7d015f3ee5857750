import { expect, test } from 'vitest';
import { type HostSlotsOptions, openHostSlots, type Slot } from '../../src/webhooks/host-slots.ts';

const webhook = (id: string) => ({ id, attemptsMade: 0 });
const isFree = (slot: Slot) => slot.kind === 'free';

function openSlots(total: number, wake: HostSlotsOptions['wake'] = async () => 'gone') {
  const slots = openHostSlots({ readTotal: () => total, clock: { random: () => 0.5 }, wake });
  let ids = 0;
  const acquire = (host: string) => {
    ids += 1;
    return slots.acquire(host, webhook(`${host}-${ids}`));
  };
  const acquireMany = (host: string, count = 1000) =>
    Array.from({ length: count }, () => acquire(host)).filter(isFree);
  return { slots, acquire, acquireMany };
}

test('one host that never answers holds half of the slots, and every other host finds one', () => {
  const { acquire, acquireMany } = openSlots(32);
  expect(acquireMany('hangs')).toHaveLength(16);
  expect(acquireMany('other')).toHaveLength(8);
  expect(isFree(acquire('third'))).toBe(true);
});

test('five hosts that never answer, one after the other, leave a slot for a sixth', () => {
  const { acquire, acquireMany } = openSlots(32);
  for (let host = 0; host < 5; host += 1) acquireMany(`hangs-${host}`);
  expect(isFree(acquire('well'))).toBe(true);
});

test.for([
  [1, 1],
  [2, 1],
  [3, 2],
  [32, 16],
] as const)('of %i slots a single host gets %i', ([total, alone]) => {
  expect(openSlots(total).acquireMany('a')).toHaveLength(alone);
});

test('a released slot wakes the webhook that was deferred first, and once', async () => {
  const woken: string[] = [];
  const { slots } = openSlots(2, async ({ id }) => {
    woken.push(id);
    return 'woken';
  });
  const first = slots.acquire('a', webhook('1'));
  for (const id of ['2', '3', '3']) expect(isFree(slots.acquire('a', webhook(id)))).toBe(false);
  const release = (slot: Slot) => slot.kind === 'free' && slot.release();
  release(first);
  await nextTurn();
  expect(woken).toEqual(['2']);
  const second = slots.acquire('a', webhook('2'));
  expect(isFree(second)).toBe(true);
  release(second);
  await nextTurn();
  const third = slots.acquire('a', webhook('3'));
  release(third);
  await nextTurn();
  expect(woken).toEqual(['2', '3']);
});

test('a webhook that is gone is skipped, and one that is just being deferred is woken later', async () => {
  const asked: string[] = [];
  const { slots } = openSlots(2, async ({ id }) => {
    asked.push(id);
    if (id === 'moving') return asked.filter((one) => one === id).length > 1 ? 'woken' : 'moving';
    return id === 'gone' ? 'gone' : 'woken';
  });
  const first = slots.acquire('a', webhook('1'));
  for (const id of ['gone', 'moving', '2']) slots.acquire('a', webhook(id));
  if (first.kind === 'free') first.release();
  await nextTurn();
  expect(asked).toEqual(['gone', 'moving', '2']);
  const second = slots.acquire('a', webhook('2'));
  if (second.kind === 'free') second.release();
  await nextTurn();
  expect(asked).toEqual(['gone', 'moving', '2', 'moving']);
});

test('a webhook that is not woken comes again after a delay that grows with the number of deferred ones, up to ten minutes', () => {
  const { acquire, acquireMany } = openSlots(2);
  acquireMany('a', 1);
  const delays = Array.from({ length: 20_000 }, () => {
    const slot = acquire('a');
    return slot.kind === 'full' ? slot.afterMs : 0;
  });
  expect(delays[0]).toBe(3750);
  expect(delays[999]).toBe(75_000);
  expect(Math.max(...delays)).toBe(450_000);
});

const nextTurn = () => new Promise((resolve) => setImmediate(resolve));
