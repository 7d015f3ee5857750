import type { RunRef } from '@darkroom/shared/engine';
import { wakeRender } from '@darkroom/shared/queues';
import pMap from 'p-map';
import type { RunStageDeps } from './run-deps.ts';

/** Renders that are woken at the same time. */
const PARALLEL = 50;

/**
 * Wakes the renders of a run that buys nothing more and that were not bought. Their submissions leave the queue, where each
 * would use up a part of the quota. Each render then finds that its run was stopped, and is canceled. The purchases
 * themselves have stopped before: every submission checks that right before it buys.
 *
 * @returns how many renders it has tried to wake
 */
export async function stopRun(
  { engine, queues }: RunStageDeps,
  run: RunRef,
  signal: AbortSignal,
): Promise<number> {
  let count = 0;
  for await (const ids of engine.runTallies.listRenders(run, ['queued'])) {
    signal.throwIfAborted();
    await pMap(ids, (id) => wakeRender(queues, id), { concurrency: PARALLEL, signal });
    count += ids.length;
  }
  return count;
}
