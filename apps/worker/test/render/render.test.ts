import { dayIndexPrefix, type Receipt } from '@darkroom/shared/render';
import { requires, until } from '@darkroom/testkit';
import sharp from 'sharp';
import { expect, test } from 'vitest';
import { openRig } from '../support/harness.ts';

requires('redis').describe('the life of a render', () => {
  test('a render is bought once, stored whole, receipted, and its job returns references only', async () => {
    const rig = await openRig();
    await rig.work();
    const id = await rig.render({ prompt: 'a red chair', size: '16:9' });
    const receipt = await rig.ended(id);

    expect(receipt).toMatchObject({ state: 'completed', costMicros: 25_000, attempts: 1 });
    const bytes = await rig.store.get(receipt.image?.key ?? '');
    const picture = await sharp(bytes).metadata();
    expect(picture.width).toBe(receipt.image?.width);
    expect(bytes?.length).toBe(receipt.image?.bytes);
    const thumbnail = await sharp(await rig.store.get(receipt.image?.thumbnailKey ?? '')).metadata();
    expect(Math.max(thumbnail.width, thumbnail.height)).toBe(256);
    expect(rig.simulator.book.byBusinessId(id)).toHaveLength(1);
    const job = await rig.queues.render.getJob(id);
    expect(JSON.stringify(job?.returnvalue)).not.toMatch(/http/);
    expect(JSON.stringify(job?.data)).not.toMatch(/http/);
  });

  test('a render can be found by its day before anything is bought for it', async () => {
    const rig = await openRig();
    await rig.queues.submit.pause();
    await rig.work();
    const id = await rig.render();
    await until(async () => (await rig.queues.render.getJobState(id)) === 'waiting-children');
    const { createdAt } = await rig.checkpoint(id);
    const { objects } = await rig.store.list({ prefix: dayIndexPrefix('default', createdAt) });
    expect(objects.map(({ key }) => key.endsWith(id))).toEqual([true]);
    expect(await rig.ledger.readReceipt(id)).toBeUndefined();
    expect(rig.simulator.book.totals().tasks).toBe(0);
  });

  test('the receipt tells what happened, in the order in which it did', async () => {
    const rig = await openRig();
    await rig.work();
    const id = await rig.render();
    const receipt = await rig.ended(id);
    const taskId = receipt.purchases[0]?.taskId;
    expect(textsOf(receipt)).toEqual([
      'picked up; waits for its turn to be submitted',
      `submitted: accepted as ${taskId}`,
      expect.stringMatching(new RegExp(`^task ${taskId} completed after \\d+ looks?; storing$`)),
      expect.stringMatching(new RegExp(`^stored images/${id}.*: \\d+x\\d+, \\d+ bytes$`)),
    ]);
    const times = receipt.notes?.map(({ at }) => at) ?? [];
    expect(times).toEqual(times.toSorted((a, b) => a - b));
    expect(times[0]).toBeGreaterThanOrEqual(receipt.createdAt);
    expect(times.at(-1)).toBeLessThanOrEqual(receipt.finishedAt);
  });

  test('a refund, a death and a redrive are told, too', async () => {
    const rig = await openRig({ settings: { MAX_PURCHASES: 2 } });
    rig.simulator.faults.add({ kind: 'fail_task', times: 2 });
    await rig.work();
    const id = await rig.render();
    const death = await rig.ended(id);
    expect(textsOf(death).map((text) => text.replace(/task_\w+|\d+ looks/g, '…'))).toEqual([
      'picked up; waits for its turn to be submitted',
      'submitted: accepted as …',
      expect.stringMatching(/^task … failed after … and was refunded: /),
      'is bought again (purchase 2); waits for its turn to be submitted',
      'submitted: accepted as …',
      expect.stringMatching(/^task … failed after … and was refunded: /),
      expect.stringMatching(/^dead: generation_failed: /),
    ]);
    await rig.redrive(id);
    await until(async () => (await rig.ended(id)).status === 'completed');
    const texts = textsOf(await rig.ended(id));
    expect(texts.slice(0, 7)).toEqual(textsOf(death));
    expect(texts.slice(7, 9)).toEqual([
      'redriven at submit',
      'is bought again (purchase 3); waits for its turn to be submitted',
    ]);
    expect(texts.at(-1)).toMatch(/^stored /);
  });
});

const textsOf = ({ notes }: Receipt) => notes?.map(({ text }) => text) ?? [];
