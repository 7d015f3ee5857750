import { createJournalWriter } from '@darkroom/shared/journal';
import { renderJob } from '@darkroom/shared/queues';
import { type Checkpoint, serializeCheckpoint } from '@darkroom/shared/render';
import { addToRun, createRun, type RunDefinition, RunStore, sealRun } from '@darkroom/shared/runs';
import { systemClock } from '@darkroom/shared/runtime';
import { until } from '@darkroom/testkit';
import { type Harness, newCheckpoint } from './harness.ts';

export const RUN = { tenant: 'default', id: 'night.1' };

/** Creates the run as the API does. */
export const createNight = (harness: Harness, definition: Partial<RunDefinition> = {}) =>
  createRun(harness, { ...RUN, createdAt: Date.now(), actor: 'ann', ...definition });

export const sealNight = (harness: Harness) => sealRun(harness, RUN, { actor: 'ann', now: Date.now() });

/** Accepts renders of the run as the producer does: journal, run, queue. @returns their ids */
export async function addRenders(harness: Harness, count: number): Promise<string[]> {
  const checkpoints = Array.from(
    { length: count },
    (): Checkpoint => ({
      ...newCheckpoint({ run: RUN.id }, Date.now()),
      inRun: true,
    }),
  );
  const { store } = harness;
  const writer = createJournalWriter({
    put: (key, body) => store.put(key, body, { contentType: 'application/json' }),
    remove: (key) => store.delete(key),
    onUnwritten: () => undefined,
    clock: systemClock,
    waitMs: 0,
  });
  await writer.append(checkpoints.map(serializeCheckpoint));
  const ids = checkpoints.map(({ renderId }) => renderId);
  await addToRun(harness, RUN, ids);
  await harness.queues.render.addBulk(checkpoints.map(renderJob));
  return ids;
}

export const readCounts = async ({ engine }: Harness) => (await engine.runTallies.read(RUN))?.counts;

/** Waits for an end of the run that is complete: no worker has to do more. @returns its record */
export async function waitForRunEnd({ store, engine }: Harness, end = 1) {
  const runs = new RunStore(store);
  await until(
    async () =>
      (await runs.readEnd(RUN, end)) !== undefined &&
      !(await runs.isOpen(RUN)) &&
      (await engine.runTallies.read(RUN)) === undefined,
    { timeout: 60_000 },
  );
  return await runs.readEnd(RUN, end);
}
