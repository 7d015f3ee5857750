import { renderJob } from '@darkroom/shared/queues';
import { requires, until } from '@darkroom/testkit';
import { expect } from 'vitest';
import { createRenderQueue } from '../../src/backends/index.ts';
import { createNotYetIndexed } from '../../src/lookup/not-yet-indexed.ts';
import { enqueue } from '../support/fake-worker.ts';
import { openHarness } from '../support/harness.ts';
import { createRenderAt, NOW, readId } from '../support/listed-renders.ts';

requires('redis').test(
  'the whole queue is read again from time to time: what has left is forgotten, and what was missed is found',
  async () => {
    const harness = await openHarness();
    const { queues } = harness;
    let now = 0;
    const list = createNotYetIndexed(createRenderQueue(harness.engine, queues), { now: () => now });
    const listIds = async () => (await list('default')).map(({ renderId }) => renderId);
    const [gone, waiting, delayed] = [createRenderAt(NOW), createRenderAt(NOW + 1), createRenderAt(NOW + 2)];
    await enqueue(harness, gone, waiting);
    expect(await listIds()).toEqual([gone, waiting].map(readId));

    await (await queues.render.getJob(readId(gone)))?.remove();
    // As after a first run while the store was away.
    const { name, data, opts } = renderJob(delayed);
    await queues.render.add(name, data, { ...opts, delay: 3_600_000 });
    now = 9_999;
    expect(await listIds()).toEqual([gone, waiting].map(readId));

    now = 10_000;
    const expected = [waiting, delayed].map(readId).join();
    await until(async () => (await listIds()).join() === expected);
  },
);
