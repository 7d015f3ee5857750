import { expect, test } from 'vitest';
import { type HostSlotsOptions, openHostSlots, type Slot } from '../../src/webhooks/host-slots.ts';

const message = (id: string) => ({ id, attemptsMade: 0 });
const entered = (place: Slot) => place.kind === 'free';

function placesOf(total: number, wake: HostSlotsOptions['wake'] = async () => 'gone') {
  const places = openHostSlots({ total, clock: { random: () => 0.5 }, wake });
  let ids = 0;
  const enter = (host: string) => {
    ids += 1;
    return places.acquire(host, message(`${host}-${ids}`));
  };
  const many = (host: string, count = 1000) =>
    Array.from({ length: count }, () => enter(host)).filter(entered);
  return { places, enter, many };
}

test('one host that never answers holds half of the places, and whoever else comes finds one', () => {
  const { enter, many } = placesOf(32);
  expect(many('hangs')).toHaveLength(16);
  expect(many('other')).toHaveLength(8);
  expect(entered(enter('third'))).toBe(true);
});

test('five that never answer, one after the other, leave a place for a sixth', () => {
  const { enter, many } = placesOf(32);
  for (let host = 0; host < 5; host += 1) many(`hangs-${host}`);
  expect(entered(enter('well'))).toBe(true);
});

test.for([
  [1, 1],
  [2, 1],
  [3, 2],
  [32, 16],
] as const)('of %i places a host alone gets %i', ([total, alone]) => {
  expect(placesOf(total).many('a')).toHaveLength(alone);
});

test('a place that was left wakes who waits longest, and once', async () => {
  const woken: string[] = [];
  const { places } = placesOf(2, async ({ id }) => {
    woken.push(id);
    return 'woken';
  });
  const first = places.acquire('a', message('1'));
  for (const id of ['2', '3', '3']) expect(entered(places.acquire('a', message(id)))).toBe(false);
  const leave = (place: Slot) => place.kind === 'free' && place.release();
  leave(first);
  await settled();
  expect(woken).toEqual(['2']);
  const second = places.acquire('a', message('2'));
  expect(entered(second)).toBe(true);
  leave(second);
  await settled();
  const third = places.acquire('a', message('3'));
  leave(third);
  await settled();
  expect(woken).toEqual(['2', '3']);
});

test('who is gone is passed over, and who is only about to wait is waked later', async () => {
  const asked: string[] = [];
  const { places } = placesOf(2, async ({ id }) => {
    asked.push(id);
    if (id === 'moving') return asked.filter((one) => one === id).length > 1 ? 'woken' : 'moving';
    return id === 'gone' ? 'gone' : 'woken';
  });
  const first = places.acquire('a', message('1'));
  for (const id of ['gone', 'moving', '2']) places.acquire('a', message(id));
  if (first.kind === 'free') first.release();
  await settled();
  expect(asked).toEqual(['gone', 'moving', '2']);
  const second = places.acquire('a', message('2'));
  if (second.kind === 'free') second.release();
  await settled();
  expect(asked).toEqual(['gone', 'moving', '2', 'moving']);
});

test('who is not waked comes again by itself: soon, and the later the more wait, up to ten minutes', () => {
  const { enter, many } = placesOf(2);
  many('a', 1);
  const delays = Array.from({ length: 20_000 }, () => {
    const place = enter('a');
    return place.kind === 'full' ? place.afterMs : 0;
  });
  expect(delays[0]).toBe(3750);
  expect(delays[999]).toBe(75_000);
  expect(Math.max(...delays)).toBe(450_000);
});

const settled = () => new Promise((resolve) => setImmediate(resolve));
