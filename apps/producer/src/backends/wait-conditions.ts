import { type ControlState, type Drain, NO_CONTROLS } from '@darkroom/shared/control';
import { WORKER_LOST_AFTER_MS } from '@darkroom/shared/queues';
import type { Clock } from '@darkroom/shared/runtime';
import type { WaitConditions } from '@darkroom/shared/snapshot';
import { withDeadline } from './deadlines.ts';
import type { SeenWorkers } from './live-controls.ts';
import type { PauseBook } from './pause-book.ts';
import type { RenderQueue } from './render-queue.ts';

/** Reads what keeps renders waiting. It never rejects: what cannot be read keeps nothing waiting. */
export interface WaitConditionsReader {
  /** At most one read per second, for any number of calls. */
  read(): Promise<WaitConditions>;
  /** The last that was read, at once. */
  latest(): WaitConditions;
}

const CACHE_MS = 1_000;
/** A response is not held back for longer. */
const DEADLINE_MS = 500;
const NOTHING: WaitConditions = {
  at: 0,
  control: NO_CONTROLS,
  pauses: [],
  hasSubmitBacklog: false,
  isStoreAway: false,
};

export function createWaitConditionsReader(deps: {
  queue: RenderQueue;
  pauses: PauseBook;
  /** Whether the store is away, checked at most once per second. */
  isStoreAway(): Promise<boolean>;
  readWorkers(): Promise<SeenWorkers>;
  clock: Clock;
}): WaitConditionsReader {
  let last: { at: number; conditions: Promise<WaitConditions> } | undefined;
  let latest = NOTHING;
  let isStoreAway = false;
  let control = NO_CONTROLS;

  const readNow = async (): Promise<WaitConditions> => {
    const store = deps.isStoreAway().then((away) => {
      isStoreAway = away;
    });
    const read = deps.pauses.readState().then((state) => {
      control = state;
    });
    const [stops, submissions] = await Promise.all([
      deps.queue.readStops(),
      deps.queue.countWaitingSubmissions(),
      // A store that is away answers late: then the last known state counts.
      withDeadline(DEADLINE_MS / 2, store, () => undefined),
      withDeadline(DEADLINE_MS / 2, read, () => undefined).catch(() => undefined),
    ]);
    const drained = await findDrained(control, deps.readWorkers);
    latest = {
      ...stops,
      at: deps.clock.now(),
      control,
      hasSubmitBacklog: submissions > 0,
      isStoreAway,
      ...(drained ? { drained } : {}),
    };
    return latest;
  };

  return {
    read: () => {
      const now = deps.clock.now();
      if (!last || Math.abs(now - last.at) >= CACHE_MS) {
        const unknown = () => ({ ...NOTHING, at: deps.clock.now(), control, isStoreAway });
        const conditions = withDeadline(DEADLINE_MS, readNow().catch(unknown), unknown);
        last = { at: now, conditions };
      }
      return last.conditions;
    },
    latest: () => latest,
  };
}

/** The drain that was set last, if every worker that runs is drained. */
async function findDrained(
  { drains }: ControlState,
  readWorkers: () => Promise<SeenWorkers>,
): Promise<Drain | undefined> {
  if (drains.length === 0) return undefined;
  const { now, records } = await readWorkers();
  const running = records.filter(({ seenAt }) => seenAt + WORKER_LOST_AFTER_MS > now);
  const found = running.map(({ name }) => drains.find(({ worker }) => worker === name));
  if (found.length === 0 || found.includes(undefined)) return undefined;
  return found.filter((drain) => drain !== undefined).toSorted((one, other) => other.since - one.since)[0];
}
