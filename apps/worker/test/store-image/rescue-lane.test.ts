import { StoreError } from '@darkroom/shared/object-store';
import {
  createExpiringImageReader,
  type ExpiringImages,
  expiryPriority,
  renderJob,
} from '@darkroom/shared/queues';
import { systemClock } from '@darkroom/shared/runtime';
import { requires, until } from '@darkroom/testkit';
import { expect, test } from 'vitest';
import { warnOfExpiringImages } from '../../src/maintenance/index.ts';
import { startFakeProvider } from '../support/fake-provider.ts';
import { type Harness, newCheckpoint, openHarness } from '../support/harness.ts';

const MINUTE_MS = 60_000;

requires('redis').describe('the rescue lane', () => {
  /** Enqueues a render whose image is paid and not stored. @returns its id */
  const enqueuePaid = async (harness: Harness, expiresInMs: number) => {
    const at = { step: 'store', taskId: `task_${expiresInMs}`, expiresAt: Date.now() + expiresInMs } as const;
    const checkpoint = { ...newCheckpoint({}, Date.now()), at };
    const { name, data, opts } = renderJob(checkpoint);
    await harness.queues.render.add(name, data, opts);
    return checkpoint.renderId;
  };

  test('after an outage of the store, the images that expire first are stored first', async () => {
    // With short waits, the images that expire first would come back before the others had their turn.
    const harness = await openHarness({ clock: { ...systemClock, random: () => 0.5 } });
    const { store, queues } = harness;
    const minutes = [50, 10, 70, 30, 80, 20, 60, 40];
    const ids = new Map<string, number>();
    for (const expiry of minutes) ids.set(await enqueuePaid(harness, expiry * MINUTE_MS), expiry);
    let isAway = true;
    const tried = new Set<string>();
    const stored: number[] = [];
    const put: typeof store.put = async (key, ...rest) => {
      const [, id = ''] = /^images\/([^.]+)/.exec(key) ?? [];
      if (id !== '') {
        tried.add(id);
        if (isAway) throw new StoreError('unavailable', 'away');
        stored.push(ids.get(id) ?? 0);
      }
      await store.put(key, ...rest);
    };
    await harness.startWorker({
      store: { ...store, put },
      settings: { STORE_CONCURRENCY: 1 },
      provider: await startFakeProvider(),
    });
    await until(() => tried.size === minutes.length, { timeout: 45_000 });
    await queues.store.pause();
    await until(async () => (await queues.store.getActiveCount()) === 0);
    isAway = false;
    // The waits of all images end before the first one is stored.
    for (const job of await queues.store.getDelayed()) await job.promote().catch(() => undefined);
    await until(async () => (await queues.store.getPrioritizedCount()) === minutes.length);
    await queues.store.resume();
    for (const id of ids.keys()) expect((await harness.waitForReceipt(id)).status).toBe('completed');
    expect(stored).toEqual(minutes.toSorted((a, b) => a - b));
  });

  test('paid images that expire within two hours are found, and each is in one alarm', async () => {
    const { engine, queues } = await openHarness();
    const addPaid = async (renderId: string, minutes: number) => {
      const expiresAt = Date.now() + minutes * MINUTE_MS;
      const options = { jobId: `${renderId}.t1`, priority: expiryPriority(expiresAt) };
      await queues.store.add('1K', { renderId, expiresAt } as never, options);
    };
    await addPaid('rnd_late', 150);
    await addPaid('rnd_soon', 90);
    const letter = { resultExpiresAt: Date.now() + 30 * MINUTE_MS };
    await queues.deadLetter.add('letter', letter as never, { jobId: 'rnd_failed' });
    const read = createExpiringImageReader(engine, queues);
    const found = await read(Date.now());
    const listIds = ({ storing, failed }: ExpiringImages) =>
      [storing, failed].map((images) => images.map(({ renderId }) => renderId));
    expect(listIds(found)).toEqual([['rnd_soon'], ['rnd_failed']]);
    const lines: object[] = [];
    const log = { error: (fields: object) => void lines.push(fields) } as never;
    const warned = new Set<string>();
    warnOfExpiringImages(found, warned, { log, clock: { now: () => Date.now() } as never });
    warnOfExpiringImages(found, warned, { log, clock: { now: () => Date.now() } as never });
    expect(lines).toMatchObject([{ alert: true, images: 2, failed: 1, renderId: 'rnd_failed' }]);
    // A letter that was read before is not read again.
    const later = await read(Date.now() + 60 * MINUTE_MS);
    expect(listIds(later)).toEqual([['rnd_soon', 'rnd_late'], []]);
    warnOfExpiringImages(later, warned, { log, clock: { now: () => Date.now() } as never });
    expect(lines).toHaveLength(2);
  });
});
