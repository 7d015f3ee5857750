import type { Engine, RunRef, TalliedRender, TallyState } from '@darkroom/shared/engine';
import type { ObjectStore } from '@darkroom/shared/object-store';
import type { Queues } from '@darkroom/shared/queues';
import type { Checkpoint, Receipt } from '@darkroom/shared/render';
import { placeCheckpoint, placeReceipt, RunStore, requestRunJob } from '@darkroom/shared/runs';
import type { Clock } from '@darkroom/shared/runtime';

/** Counts the renders of runs as they move. Plain labels have no run. Every call may be made twice (I6). */
export interface RunTracker {
  /**
   * The render stands at its checkpoint now.
   *
   * @param ends how often it has ended
   */
  recordStep(checkpoint: Checkpoint, ends: number): Promise<void>;
  /** The render has ended. Its receipt must be written, and with it the object that says so below its run. */
  recordEnd(receipt: Receipt): Promise<void>;
}

export interface RunTrackerDeps {
  engine: Pick<Engine, 'runTallies'>;
  queues: Pick<Queues, 'run'>;
  store: ObjectStore;
  clock: Pick<Clock, 'now'>;
}

/** A run without a complete tally is opened again at most this often by one worker. */
const REOPEN_EVERY_MS = 5_000;
/** Runs whose last opening a worker remembers. */
const MAX_REMEMBERED = 1_000;

export function createRunTracker(deps: RunTrackerDeps): RunTracker {
  const { engine, clock } = deps;
  /** By tenant and id, when (Unix ms) a run was opened again. */
  const reopened = new Map<string, number>();

  const move = async (run: RunRef, render: TalliedRender) => {
    const state = await engine.runTallies.change(run, 'move', [render]);
    if (state.isReady) return await requestEndIfOver(deps, run, state);
    const name = `${run.tenant}/${run.id}`;
    const now = clock.now();
    if (Math.abs(now - (reopened.get(name) ?? Number.NEGATIVE_INFINITY)) < REOPEN_EVERY_MS) return;
    await openAgain(deps, run);
    if (reopened.size >= MAX_REMEMBERED) reopened.clear();
    reopened.set(name, now);
  };

  return {
    async recordStep(checkpoint, ends) {
      const run = readRun(checkpoint);
      if (run) await move(run, placeCheckpoint(checkpoint, ends));
    },
    async recordEnd(receipt) {
      const run = readRun(receipt);
      if (run) await move(run, placeReceipt(receipt));
    },
  };
}

const readRun = ({ inRun, tenant, request }: Checkpoint | Receipt): RunRef | undefined =>
  inRun && request.run !== undefined ? { tenant, id: request.run } : undefined;

/** Requests the end of a closed run when no render remains. */
export async function requestEndIfOver(
  { queues }: Pick<RunTrackerDeps, 'queues'>,
  { tenant, id }: RunRef,
  { isReady, closed, remaining, opening }: Omit<TallyState, 'refused'>,
): Promise<void> {
  if (isReady && closed && remaining === 0) await requestRunJob(queues, { kind: 'end', tenant, id, opening });
}

/**
 * The run of a moving render has no complete tally: it has ended, and a redrive runs the render again, or the engine has
 * lost the tally. The run is open again, and a job counts all its renders.
 */
async function openAgain({ store, queues }: RunTrackerDeps, run: RunRef): Promise<void> {
  const runs = new RunStore(store);
  await runs.markOpen(run, (await runs.findLastEnd(run)) + 1);
  await requestRunJob(queues, { kind: 'fill' });
}
