import { latch, requires, until } from '@darkroom/testkit';
import { expect, test } from 'vitest';
import { cancelsOf } from '../../src/bullmq/index.ts';
import { openRig, type Rig } from '../support/harness.ts';

/** Looks whose questions to the engine are counted, and whose answers come when the test lets them. */
function heldLooks({ queues }: Rig) {
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
  return { polls: cancelsOf({ ...queues, cancel }), answers, questions: () => questions };
}

requires('redis').describe('a look for a cancel marker', () => {
  test('finds the one of its render, also while the queue of markers is paused, until it is forgotten', async () => {
    const rig = await openRig();
    const cancels = cancelsOf(rig.queues);
    const [one, other] = [await rig.render(), await rig.render()];
    expect(await cancels.asked(one)).toBeUndefined();
    await rig.mark(one);
    expect(await cancels.asked(one)).toMatchObject({ renderId: one });
    expect(await cancels.asked(other)).toBeUndefined();
    await rig.queues.cancel.pause();
    expect(await cancels.asked(one)).toMatchObject({ renderId: one });
    await cancels.forget(other);
    await cancels.forget(one);
    expect(await cancels.asked(one)).toBeUndefined();
    expect(await rig.queues.cancel.getJob(one)).toBeUndefined();
  });

  test('is answered together with those of the same turn, and never by a question that was sent before it', async () => {
    const rig = await openRig();
    const { polls, answers, questions } = heldLooks(rig);
    const id = await rig.render();
    const early = Promise.all([polls.asked(id), polls.asked('rnd_other'), polls.forget('rnd_third')]);
    await until(() => questions() === 1);
    await rig.mark(id);
    const late = polls.asked(id);
    answers.open();
    expect(await late).toMatchObject({ renderId: id });
    expect(await early).toEqual([undefined, undefined, undefined]);
    expect(questions()).toBe(2);
  });
});
