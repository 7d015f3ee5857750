import type { Engine } from '@darkroom/shared/engine';
import {
  QUEUE,
  type Queues,
  type RestoreReport,
  readQueueState,
  requestRestore,
} from '@darkroom/shared/queues';
import { drawRenderId } from '@darkroom/shared/render';
import { until } from '@darkroom/testkit';
import type { Harness } from './harness.ts';

/** Nothing was lost, so a restore has nothing to do. */
const REPORT: RestoreReport = {
  read: 0,
  present: 0,
  added: { submit: 0, hold: 0, poll: 0, bury: 0 },
  cancels: 0,
  ended: 0,
  webhooks: 0,
  unreadable: 0,
};

/** Runs the restore that proves that the queue has everything that was accepted, as a worker does at its first start. */
export async function completeQueue(engine: Engine, queues: Queues): Promise<void> {
  await requestRestore(engine, queues, { reason: 'test', now: Date.now() });
  const worker = engine.worker(QUEUE.restore, async () => REPORT);
  await until(async () => (await readQueueState(engine, queues)) === 'complete', { every: 5 });
  await worker.close();
}

/** Makes a producer whose journal has entries lose the proof that its queue is complete, as FLUSHALL does. */
export async function loseProof({ queues, get }: Harness): Promise<void> {
  await queues.restore.obliterate({ force: true });
  await until(async () => (await get(`/v1/renders/${drawRenderId()}`)).status === 503);
}
