import type { Settings } from '@darkroom/shared/config';
import type { Engine, RunClosing } from '@darkroom/shared/engine';
import { isStoreAway, type ObjectStore } from '@darkroom/shared/object-store';
import { addToRun, type RunDefinition, RunStore, withdrawFromRun } from '@darkroom/shared/runs';
import { STORE_DEADLINE_MS, withStoreDeadline } from './deadlines.ts';
import { QUEUE_DEADLINE_MS, withQueueDeadline } from './render-queue.ts';

/** A run that was created, as the intake needs it. */
export interface IntakeRun {
  tenant: string;
  id: string;
  lane: RunDefinition['lane'];
  /** Why it takes no more renders. */
  closed: RunClosing | undefined;
}

/** Which labels name runs, and the renders of runs. Throws {@link EngineError} `unavailable` when the queue is away. */
export interface RunIntake {
  /** @returns `undefined` for a plain label, which names no run. Throws {@link StoreError}. */
  find(tenant: string, label: string): Promise<IntakeRun | undefined>;
  /** Adds renders before they are added to the queue. @returns those that the run refuses: it was closed meanwhile */
  add(run: IntakeRun, renderIds: readonly string[]): Promise<string[]>;
  /** Takes renders out again that the queue did not accept. Never rejects: the sweep corrects the counts. */
  withdraw(run: IntakeRun, renderIds: readonly string[]): Promise<void>;
}

export interface RunIntakeDeps {
  store: ObjectStore;
  engine: Engine;
  settings: Pick<Settings, 'INTAKE_WITHOUT_STORE'>;
}

/** Labels and runs that a producer remembers, of each kind. */
const MAX_REMEMBERED = 5_000;

/**
 * A read costs one call to the queue. The store is read once for each run, and for each plain label once after the last run
 * was created.
 */
export function createRunIntake({ store, engine, settings }: RunIntakeDeps): RunIntake {
  const runs = new RunStore(store);
  const tallies = engine.runTallies;
  const one = <T>(work: Promise<T>) => withQueueDeadline(QUEUE_DEADLINE_MS[engine.kind].one, work);
  const lanes = new Map<string, RunDefinition['lane']>();
  /** By label, the revision of all runs at which it named none. */
  const plain = new Map<string, string>();

  const readStore = <T>(work: (signal: AbortSignal) => Promise<T>) =>
    withStoreDeadline(STORE_DEADLINE_MS.small, work);
  /** The tally does not say whether the run takes renders. */
  const readClosing = (tenant: string, id: string) =>
    readStore(async (signal): Promise<RunClosing | undefined> => {
      const record = await runs.readRun({ tenant, id }, { signal });
      if (record?.canceled) return 'canceled';
      return record?.sealed || record?.isOpen === false ? 'sealed' : undefined;
    });

  const find = async (tenant: string, id: string): Promise<IntakeRun | undefined> => {
    const name = `${tenant}/${id}`;
    const { exists, isReady, closed, revision } = await one(tallies.find({ tenant, id }));
    if (!exists && revision !== undefined && plain.get(name) === revision) return undefined;
    if (!lanes.has(name)) {
      const definition = await readStore((signal) => runs.readDefinition({ tenant, id }, { signal }));
      if (!definition) {
        if (revision !== undefined) remember(plain, name, revision);
        return undefined;
      }
      remember(lanes, name, definition.lane);
    }
    const lane = lanes.get(name);
    return { tenant, id, lane, closed: closed ?? (isReady ? undefined : await readClosing(tenant, id)) };
  };

  return {
    find: (tenant, label) =>
      find(tenant, label).catch((error: unknown) => {
        // Such calls are accepted without the store. A run that cannot be read is a label.
        if (settings.INTAKE_WITHOUT_STORE === 'accept' && isStoreAway(error)) return undefined;
        throw error;
      }),
    add: async (run, renderIds) => (await one(addToRun({ engine }, run, renderIds))).refused,
    withdraw: (run, renderIds) => one(withdrawFromRun({ engine }, run, renderIds)).catch(() => undefined),
  };
}

function remember<T>(known: Map<string, T>, name: string, value: T): void {
  if (known.size >= MAX_REMEMBERED) known.clear();
  known.set(name, value);
}
