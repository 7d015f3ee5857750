import { announceChange, ControlReader, ControlStore } from '@darkroom/shared/control';
import { DATA_VERSION, submitJobId } from '@darkroom/shared/render';
import { type Clock, systemClock } from '@darkroom/shared/runtime';
import { cleanup, latch, requires, until } from '@darkroom/testkit';
import { expect, test } from 'vitest';
import { openControlWatch } from '../../src/control/index.ts';
import { newCheckpoint, openHarness } from '../support/harness.ts';

/** A watch that has checked once, and checks again after `check()`. */
async function openWatch() {
  const { engine, queues, store } = await openHarness();
  const [checked, due] = [latch(), latch()];
  const sleep: Clock['sleep'] = async (ms, signal) => {
    checked.open();
    signal?.addEventListener('abort', () => due.open());
    await due.wait();
    await systemClock.sleep(ms, signal);
  };
  const log = { info: () => undefined, debug: () => undefined } as never;
  await announceChange(queues);
  const watch = openControlWatch({
    engine,
    queues,
    log,
    control: new ControlReader({ store, queues, clock: systemClock }),
    clock: { ...systemClock, sleep },
    applyState: () => undefined,
  });
  cleanup(() => watch.close());
  await checked.wait();
  const control = new ControlStore(store);
  const people = { reason: 'review', owner: 'ann', actor: 'ann', since: Date.now() };
  const { at: _, ...render } = newCheckpoint({}, Date.now());
  const jobId = submitJobId(render.renderId, 1);
  return {
    check: () => due.open(),
    pause: async () => {
      await control.addPause({ version: DATA_VERSION, name: 'short', scope: {}, ...people });
      await announceChange(queues);
    },
    resume: async () => {
      await control.removePause('short');
      await announceChange(queues);
    },
    /** Adds a submission. With a delay, its turn came while the pause stood. */
    addSubmission: async ({ delay }: { delay?: number } = {}) => {
      const data = delay === undefined ? render : { ...render, pausedAt: Date.now() };
      await queues.submit.add('1K', data, { jobId, priority: 10, ...(delay === undefined ? {} : { delay }) });
    },
    readState: () => queues.submit.getJobState(jobId),
  };
}

requires('redis').describe('the watch of pauses', () => {
  test('a pause takes a waiting submission out of its queue, so that it uses up no quota', async () => {
    const { check, pause, addSubmission, readState } = await openWatch();
    await addSubmission();
    await pause();
    expect(await readState()).toBe('prioritized');
    check();
    await until(async () => (await readState()) === 'unknown');
  });

  test('a pause that began and ended between two checks leaves no submission waiting for its end', async () => {
    const { check, pause, resume, addSubmission, readState } = await openWatch();
    await pause();
    await addSubmission({ delay: 600_000 });
    await resume();
    expect(await readState()).toBe('delayed');
    check();
    await until(async () => (await readState()) !== 'delayed');
  });
});
