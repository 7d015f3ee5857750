import { expect, test } from 'vitest';
import { serializedData } from '../../../src/engine/index.ts';
import { type EngineHarness, readJob } from '../../support/engine-harness.ts';

export function testAdding(harness: EngineHarness): void {
  test('a job keeps its id, also with dots', async () => {
    const queue = harness.queue();
    await queue.add('render', { n: 1 }, { jobId: 'r_01.s1' });
    expect((await readJob(queue, 'r_01.s1')).data).toEqual({ n: 1 });
  });

  test('add() with the id of a waiting job changes nothing', async () => {
    const queue = harness.queue();
    await queue.add('render', { from: 'first' }, { jobId: 'a.1' });
    const again = await queue.add('render', { from: 'second' }, { jobId: 'a.1' });
    expect(again.id).toBe('a.1');
    expect((await readJob(queue, 'a.1')).data).toEqual({ from: 'first' });
    expect((await queue.getJobCounts('waiting')).waiting).toBe(1);
  });

  test('add() with the id of a finished job changes nothing', async () => {
    const queue = harness.queue();
    await harness.worker(queue, async () => 'done');
    const events = await harness.events(queue);
    const job = await queue.add('render', { from: 'first' }, { jobId: 'a.1' });
    await job.waitUntilFinished(events, 10_000);
    await queue.add('render', { from: 'second' }, { jobId: 'a.1' });
    expect(await queue.getJobState('a.1')).toBe('completed');
    expect((await readJob(queue, 'a.1')).data).toEqual({ from: 'first' });
  });

  test('addBulk() adds a thousand jobs, except for ids that exist already or are twice in the batch', async () => {
    const queue = harness.queue();
    await queue.add('render', { from: 'before' }, { jobId: 'j.7' });
    const batch = Array.from({ length: 1_000 }, (_, n) => ({
      name: 'render',
      data: { from: 'batch', n },
      opts: { jobId: `j.${n < 990 ? n : n - 990}` },
    }));
    const jobs = await queue.addBulk(batch);
    expect(jobs.map((job) => job.id)).toEqual(batch.map((entry) => entry.opts.jobId));
    expect((await queue.getJobCounts('waiting')).waiting).toBe(990);
    expect((await readJob(queue, 'j.7')).data).toEqual({ from: 'before' });
    expect((await readJob(queue, 'j.3')).data).toEqual({ from: 'batch', n: 3 });
  });

  test('data that was serialized before is stored as it is, and obeys the size limit', async () => {
    const queue = harness.queue('serialized', { defaultJobOptions: { sizeLimit: 8_192 } });
    const add = (jobId: string, data: object) => ({
      name: 'render',
      data: serializedData<object>(JSON.stringify(data)),
      opts: { jobId },
    });
    const { name, data, opts } = add('a.1', { prompt: 'a mug' });
    await queue.add(name, data, opts);
    await queue.addBulk([add('a.2', { n: 2 }), add('a.3', { n: 3 })]);
    expect((await readJob(queue, 'a.1')).data).toEqual({ prompt: 'a mug' });
    expect((await readJob(queue, 'a.3')).data).toEqual({ n: 3 });
    const large = add('a.4', { prompt: 'x'.repeat(8_200) });
    await expect(queue.addBulk([large])).rejects.toThrow(/exceeds the limit 8192/);
  });

  test('an id is free again after its job is removed', async () => {
    const queue = harness.queue();
    await queue.add('render', { from: 'first' }, { jobId: 'a.1' });
    await (await readJob(queue, 'a.1')).remove();
    await queue.add('render', { from: 'second' }, { jobId: 'a.1' });
    expect((await readJob(queue, 'a.1')).data).toEqual({ from: 'second' });
  });

  test('add() and addBulk() refuse data over the size limit', async () => {
    const queue = harness.queue('limited', { defaultJobOptions: { sizeLimit: 8_192 } });
    const add = queue.add('render', { prompt: 'x'.repeat(8_200) }, { jobId: 'big' });
    await expect(add).rejects.toThrow(/exceeds the limit 8192/);
    const bulk = queue.addBulk([
      { name: 'render', data: { prompt: 'x'.repeat(8_200) }, opts: { jobId: 'b' } },
    ]);
    await expect(bulk).rejects.toThrow(/exceeds the limit 8192/);
    expect(await queue.getJob('big')).toBeUndefined();
  });
}
