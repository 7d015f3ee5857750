import { NO_CONTROLS } from '@darkroom/shared/control';
import { pauseQueue } from '@darkroom/shared/queues';
import { requires, until } from '@darkroom/testkit';
import { expect, test } from 'vitest';
import { WorkMonitor } from '../../src/health/index.ts';
import { createMetrics } from '../../src/stage/index.ts';
import { openHarness } from '../support/harness.ts';

/** A clock that stands still until a test lets time pass for the one who sleeps. */
function startManualClock() {
  let time = 0;
  let wake: { ms: number; resolve: () => void } | undefined;
  const asleep = () => until(() => wake);
  return {
    now: () => time,
    random: () => 0.5,
    sleep: (ms: number, signal?: AbortSignal) =>
      new Promise<void>((resolve, reject) => {
        wake = { ms, resolve };
        signal?.addEventListener('abort', () => reject(signal.reason));
      }),
    /** Wakes the sleeper until `ms` have passed, and waits until it sleeps again. */
    pass: async (ms: number) => {
      for (let passed = 0; passed < ms; ) {
        const sleeper = await asleep();
        wake = undefined;
        time += sleeper.ms;
        passed += sleeper.ms;
        sleeper.resolve();
      }
      await asleep();
    },
  };
}

requires('redis').describe('the health of a worker that waits', () => {
  test('a worker reports the pause of an operator and stays healthy', async () => {
    const harness = await openHarness();
    await pauseQueue(harness.queues, 'submit', { actor: 'ann', reason: 'audit', now: Date.now() });
    const worker = await harness.startWorker();
    const read = async (path: string) => {
      const response = await fetch(`${worker.url}${path}`);
      return { status: response.status, body: (await response.json()) as { waiting_for: string[] } };
    };
    await until(async () => (await read('/healthz')).body.waiting_for.includes('paused'));
    expect((await read('/healthz')).status).toBe(200);
    expect(await read('/readyz')).toMatchObject({ status: 200, body: { waiting_for: ['paused'] } });
    const metrics = await (await fetch(`${worker.url}/metrics`)).text();
    expect(metrics).toContain('darkroom_waiting{cause="paused"} 1');
    expect(metrics).toContain('darkroom_waiting{cause="account"} 0');
  });

  test('a worker whose queue an operator paused is never reported as stuck', async () => {
    const harness = await openHarness();
    await pauseQueue(harness.queues, 'render', { actor: 'ann', reason: 'audit', now: Date.now() });
    await harness.enqueue();
    const clock = startManualClock();
    const log = { warn: () => undefined } as never;
    const monitor = new WorkMonitor({
      engine: harness.engine,
      queues: harness.queues,
      control: { latest: () => NO_CONTROLS },
      clock,
      metrics: createMetrics(),
      log,
    });
    await clock.pass(120_000);
    expect(monitor.report()).toMatchObject({ alive: true, ready: true, waiting_for: ['paused'] });
    await harness.queues.render.resume();
    await clock.pass(120_000);
    expect(monitor.report()).toMatchObject({ alive: false });
    await monitor.close();
  });
});
