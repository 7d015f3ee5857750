import { latch, requires, until } from '@darkroom/testkit';
import { expect, test } from 'vitest';
import { openCancelMarkers } from '../../src/bullmq/index.ts';
import { type Harness, openHarness } from '../support/harness.ts';

/** Looks whose questions to the engine are counted, and whose answers come when the test lets them. */
function heldLooks({ queues }: Harness) {
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
  return { polls: openCancelMarkers({ ...queues, cancel }), answers, questions: () => questions };
}

requires('redis').describe('a look for a cancel marker', () => {
  test('finds the one of its render, also while the queue of markers is paused, until it is forgotten', async () => {
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

  test('is answered together with those of the same turn, and never by a question that was sent before it', async () => {
    const harness = await openHarness();
    const { polls, answers, questions } = heldLooks(harness);
    const id = await harness.enqueue();
    const early = Promise.all([polls.find(id), polls.find('rnd_other'), polls.remove('rnd_third')]);
    await until(() => questions() === 1);
    await harness.putCancelMarker(id);
    const late = polls.find(id);
    answers.open();
    expect(await late).toMatchObject({ renderId: id });
    expect(await early).toEqual([undefined, undefined, undefined]);
    expect(questions()).toBe(2);
  });
});
