import { latch, requires, until } from '@darkroom/testkit';
import { expect, test } from 'vitest';
import { openCancelMarkers } from '../../src/bullmq/index.ts';
import { type Harness, openHarness } from '../support/harness.ts';

/** Cancel markers whose questions to the engine are counted and whose answers the test holds back. */
function holdLookups({ queues }: Harness) {
  const answers = latch();
  let questions = 0;
  const cancel: typeof queues.cancel = Object.create(queues.cancel, {
    getJobCountByTypes: {
      value: async (...types: Parameters<typeof queues.cancel.getJobCountByTypes>) => {
        const count = await queues.cancel.getJobCountByTypes(...types);
        questions += 1;
        await answers.wait();
        return count;
      },
    },
  });
  return { markers: openCancelMarkers({ ...queues, cancel }), answers, questions: () => questions };
}

requires('redis').describe('looking up a cancel marker', () => {
  test('a lookup finds the marker of its render until it is removed, also while the queue of markers is paused', async () => {
    const harness = await openHarness();
    const cancels = openCancelMarkers(harness.queues);
    const [one, other] = [await harness.enqueue(), await harness.enqueue()];
    expect(await cancels.find(one)).toBeUndefined();
    await harness.putCancelMarker(one);
    expect(await cancels.find(one)).toMatchObject({ renderId: one });
    expect(await cancels.find(other)).toBeUndefined();
    await harness.queues.cancel.pause();
    expect(await cancels.find(one)).toMatchObject({ renderId: one });
    await cancels.remove(other);
    await cancels.remove(one);
    expect(await cancels.find(one)).toBeUndefined();
    expect(await harness.queues.cancel.getJob(one)).toBeUndefined();
  });

  test('lookups of the same turn share one question to the engine, and none is answered by an earlier question', async () => {
    const harness = await openHarness();
    const { markers, answers, questions } = holdLookups(harness);
    const id = await harness.enqueue();
    const early = Promise.all([markers.find(id), markers.find('rnd_other'), markers.remove('rnd_third')]);
    await until(() => questions() === 1);
    await harness.putCancelMarker(id);
    const late = markers.find(id);
    answers.open();
    expect(await late).toMatchObject({ renderId: id });
    expect(await early).toEqual([undefined, undefined, undefined]);
    expect(questions()).toBe(2);
  });
});
