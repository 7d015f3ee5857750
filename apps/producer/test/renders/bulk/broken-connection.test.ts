import type { BulkItem } from '@darkroom/api';
import { requires, until } from '@darkroom/testkit';
import { describe, expect } from 'vitest';
import { renders, startBulk } from '../../support/bulk-call.ts';
import { withAddBulk } from '../../support/failing-engine.ts';
import { openHarness } from '../../support/harness.ts';

/** The answers of so many renders, with such long links, are 20 MB: more than the sockets buffer. */
const MANY = 15_000;
const PUBLIC_URL = `https://renders.example/${'x'.repeat(300)}`;

/** How a call names its renders, so that it can be sent again. */
const ways = [
  {
    way: 'a key in every item',
    lines: (count: number) => renders(count, (at) => ({ idempotency_key: `sku-${at}` })),
    headers: {},
  },
  {
    way: 'a key for the call',
    lines: (count: number) => renders(count),
    headers: { 'idempotency-key': 'catalogue-7' },
  },
];

/** A harness that counts what is given to the queue. */
async function openCounting() {
  let given = 0;
  let underWay = 0;
  const harness = await openHarness({
    settings: { PUBLIC_URL },
    wrap: (deps) => ({
      ...deps,
      engine: withAddBulk(deps.engine, (add, count) => {
        given += count;
        underWay += 1;
        return add().finally(() => {
          underWay -= 1;
        });
      }),
    }),
  });
  /** Waits until the queue has received nothing during 30 reads of the store and the queue. */
  const allAccepted = async () => {
    let quiet = 0;
    let seen = -1;
    await until(
      async () => {
        await harness.store.head('nothing');
        await harness.queues.render.getJob('no-such-job');
        quiet = seen === given && underWay === 0 ? quiet + 1 : 0;
        seen = given;
        return quiet === 30;
      },
      { timeout: 60_000, what: 'the queue being left alone' },
    );
    return given;
  };
  return { harness, allAccepted };
}

const listIds = (items: BulkItem[]) => items.flatMap((item) => ('render' in item ? [item.render.id] : []));

describe.each(ways)('a bulk call with $way', ({ lines, headers }) => {
  requires('redis').test(
    'a bulk call that breaks while it is sent enqueues nothing twice when it is sent again',
    async () => {
      const { harness, allAccepted } = await openCounting();
      const all = lines(3_000);
      const first = startBulk(harness, headers);
      await first.write(all.slice(0, 1_500).join(''));
      const answered = [await first.next(), await first.next()] as BulkItem[];
      await first.write((all[1_500] as string).slice(0, 20));
      first.destroy();
      await allAccepted();
      const kept = await harness.jobCount();
      expect(kept).toBeGreaterThanOrEqual(answered.length);
      expect(kept).toBeLessThanOrEqual(1_500);

      const second = startBulk(harness, headers);
      second.end(all.join(''));
      const { items, summary } = await second.rest();
      expect(summary).toEqual({ object: 'bulk', accepted: 3_000 - kept, duplicates: kept, rejected: 0 });
      expect(listIds(items).slice(0, answered.length)).toEqual(listIds(answered));
      expect(await harness.jobCount()).toBe(3_000);
    },
    120_000,
  );

  requires('redis').test(
    'a bulk call that breaks while it is answered enqueues nothing twice when it is sent again',
    async () => {
      const { harness, allAccepted } = await openCounting();
      const all = lines(MANY);
      const first = startBulk(harness, headers);
      first.write(all.join('')).catch(() => undefined);
      expect(await first.next()).toMatchObject({ index: 0, status: 202 });
      // The caller stops reading, so the call stops in the middle.
      await allAccepted();
      first.destroy();
      await allAccepted();
      const kept = await harness.jobCount();
      expect(kept).toBeLessThan(MANY);

      const second = startBulk(harness, headers);
      second.end(all.join(''));
      const { items, summary } = await second.rest();
      expect(summary).toEqual({ object: 'bulk', accepted: MANY - kept, duplicates: kept, rejected: 0 });
      expect(new Set(listIds(items)).size).toBe(MANY);
      expect(await harness.jobCount()).toBe(MANY);
    },
    120_000,
  );
});

requires('redis').test(
  'the producer stops reading when the caller stops reading, and both continue later',
  async () => {
    const { harness, allAccepted } = await openCounting();
    const call = startBulk(harness);
    call.end(renders(MANY).join(''));
    expect(await call.next()).toMatchObject({ index: 0 });
    const given = await allAccepted();
    expect(given).toBeLessThan(MANY);
    expect(await harness.jobCount()).toBe(given);

    const { items, summary } = await call.rest();
    expect(items.map(({ index }) => index)).toEqual(Array.from({ length: MANY - 1 }, (_, at) => at + 1));
    expect(summary).toMatchObject({ accepted: MANY, rejected: 0 });
    expect(await harness.jobCount()).toBe(MANY);
  },
  120_000,
);
