import { needs } from '@darkroom/testkit';
import sharp from 'sharp';
import { expect, test } from 'vitest';
import { openRig } from './rig.ts';

needs('redis').describe('the life of a render', () => {
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
});
