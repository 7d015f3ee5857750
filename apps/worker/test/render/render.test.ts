import { dayIndexPrefix, type Receipt } from '@darkroom/shared/render';
import { requires, until } from '@darkroom/testkit';
import sharp from 'sharp';
import { expect, test } from 'vitest';
import { openHarness } from '../support/harness.ts';

requires('redis').describe('the life of a render', () => {
  test('a render is bought once, stored whole, receipted, and its job returns references only', async () => {
    const harness = await openHarness();
    await harness.startWorker();
    const id = await harness.enqueue({ prompt: 'a red chair', size: '16:9' });
    const receipt = await harness.waitForReceipt(id);

    expect(receipt).toMatchObject({ status: 'completed', cost: { spentMicros: 25_000 }, attempts: 1 });
    const bytes = await harness.store.get(receipt.image?.key ?? '');
    const image = await sharp(bytes).metadata();
    expect(image.width).toBe(receipt.image?.width);
    expect(bytes?.length).toBe(receipt.image?.bytes);
    const thumbnail = await sharp(await harness.store.get(receipt.image?.thumbnailKey ?? '')).metadata();
    expect(Math.max(thumbnail.width, thumbnail.height)).toBe(256);
    expect(harness.simulator.book.byBusinessId(id)).toHaveLength(1);
    const job = await harness.queues.render.getJob(id);
    expect(JSON.stringify(job?.returnvalue)).not.toMatch(/http/);
    expect(JSON.stringify(job?.data)).not.toMatch(/http/);
  });

  test('a render can be found by its day before anything is bought for it', async () => {
    const harness = await openHarness();
    await harness.queues.submit.pause();
    await harness.startWorker();
    const id = await harness.enqueue();
    await until(async () => (await harness.queues.render.getJobState(id)) === 'waiting-children');
    const { createdAt } = await harness.readCheckpoint(id);
    const { objects } = await harness.store.list({ prefix: dayIndexPrefix('default', createdAt) });
    expect(objects.map(({ key }) => key.endsWith(id))).toEqual([true]);
    expect(await harness.ledger.readReceipt(id)).toBeUndefined();
    expect(harness.simulator.book.totals().tasks).toBe(0);
  });

  test('the receipt lists what happened, in order', async () => {
    const harness = await openHarness();
    await harness.startWorker();
    const id = await harness.enqueue();
    const receipt = await harness.waitForReceipt(id);
    const taskId = receipt.purchases[0]?.taskId;
    expect(listNotes(receipt)).toEqual([
      'picked up; waits for its turn to be submitted',
      `submitted: accepted as ${taskId}`,
      expect.stringMatching(new RegExp(`^task ${taskId} completed after \\d+ polls?; storing$`)),
      expect.stringMatching(new RegExp(`^stored images/${id}.*: \\d+x\\d+, \\d+ bytes$`)),
    ]);
    const times = receipt.notes?.map(({ at }) => at) ?? [];
    expect(times).toEqual(times.toSorted((a, b) => a - b));
    expect(times[0]).toBeGreaterThanOrEqual(receipt.createdAt);
    expect(times.at(-1)).toBeLessThanOrEqual(receipt.finishedAt);
  });

  test('the receipt lists a refund, a failure and a redrive, too', async () => {
    const harness = await openHarness({ settings: { MAX_PURCHASES: 2 } });
    harness.simulator.faults.add({ kind: 'fail_task', times: 2 });
    await harness.startWorker();
    const id = await harness.enqueue();
    const death = await harness.waitForReceipt(id);
    expect(listNotes(death).map((text) => text.replace(/task_\w+|\d+ polls?/g, '…'))).toEqual([
      'picked up; waits for its turn to be submitted',
      'submitted: accepted as …',
      expect.stringMatching(/^task … failed after … and was refunded: /),
      'is bought again (purchase 2); waits for its turn to be submitted',
      'submitted: accepted as …',
      expect.stringMatching(/^task … failed after … and was refunded: /),
      expect.stringMatching(/^dead: generation_failed: /),
    ]);
    await harness.redrive(id);
    await until(async () => (await harness.waitForReceipt(id)).status === 'completed');
    const texts = listNotes(await harness.waitForReceipt(id));
    expect(texts.slice(0, 7)).toEqual(listNotes(death));
    expect(texts.slice(7, 9)).toEqual([
      'redriven at submit',
      'is bought again (purchase 3); waits for its turn to be submitted',
    ]);
    expect(texts.at(-1)).toMatch(/^stored /);
  });
});

const listNotes = ({ notes }: Receipt) => notes?.map(({ text }) => text) ?? [];
