import { readBudgets, writeBudget } from '../budgets/index.ts';
import { announceChange, ControlStore } from '../control/index.ts';
import type { Engine, RunRef, TalliedRender, TallyState } from '../engine/index.ts';
import type { ObjectStore } from '../object-store/index.ts';
import type { Queues } from '../queues/index.ts';
import { sha256 } from '../render/index.ts';
import type { RunDefinition } from './records.ts';
import { requestRunJob } from './run-queue.ts';
import { RunStore } from './run-store.ts';

export interface RunDeps {
  store: ObjectStore;
  engine: Pick<Engine, 'runTallies'>;
  queues: Pick<Queues, 'run' | 'stop'>;
}

/** A run of this name exists, and is defined otherwise. */
export class RunConflictError extends Error {
  readonly code = 'run_conflict';
  /** The fields of the definition that differ. */
  readonly fields: readonly string[];
  constructor({ tenant, id }: RunRef, fields: readonly string[]) {
    super(`The run ${id} of tenant ${tenant} exists with another ${fields.join(', ')}.`);
    this.name = 'RunConflictError';
    this.fields = fields;
  }
}

/** Processes read the store again at least twice a minute. */
const SOON_MS = 60_000;

/** The budget of a run. */
export const runBudgetName = ({ tenant, id }: RunRef) => `run-${sha256(`${tenant}/${id}`).slice(0, 24)}`;

/**
 * Creates a run. Renders that are accepted from now on with its id as their `run` belong to it; earlier ones do not.
 * Creating it again with the same definition changes nothing, and completes what a crash left out.
 *
 * @returns the definition that stands, and whether this call wrote it
 * @throws {RunConflictError}, {StoreError}, the errors of the engine
 */
export async function createRun(
  deps: RunDeps,
  definition: RunDefinition,
  signal?: AbortSignal,
): Promise<{ run: RunDefinition; isNew: boolean }> {
  const runs = new RunStore(deps.store);
  const isNew = await runs.writeDefinition(definition, { signal });
  const run = isNew ? definition : ((await runs.readDefinition(definition, { signal })) ?? definition);
  const fields = listDifferences(run, definition);
  if (fields.length > 0) throw new RunConflictError(run, fields);
  if (!isNew && (await runs.findLastEnd(run, { signal })) > 0) return { run, isNew };
  await runs.writeIndex(run, { signal });
  await writeRunBudget(deps, run, signal);
  await writeDeadline(deps, run, definition.createdAt, signal);
  await deps.engine.runTallies.open(run, isNew);
  // The tally of an earlier call that a crash interrupted may be missing.
  if (!isNew && !(await deps.engine.runTallies.find(run)).isReady)
    await requestRunJob(deps.queues, { kind: 'fill' });
  return { run, isNew };
}

/** What a caller defines. */
const DEFINED = ['name', 'lane', 'deadlineAt', 'budgetMicros', 'webhook', 'metadata'] as const;

const listDifferences = (one: RunDefinition, other: RunDefinition): string[] =>
  DEFINED.filter((field) => JSON.stringify(sort(one[field])) !== JSON.stringify(sort(other[field])));

/** Two objects with the same fields have the same JSON. */
const sort = (value: unknown): unknown =>
  typeof value === 'object' && value !== null
    ? Object.entries(value).toSorted(([one], [other]) => (one < other ? -1 : 1))
    : value;

async function writeRunBudget({ store }: RunDeps, run: RunDefinition, signal?: AbortSignal): Promise<void> {
  const { tenant, id, budgetMicros: limitMicros, createdAt, actor } = run;
  if (limitMicros === undefined) return;
  const name = runBudgetName(run);
  // An operator may have changed it since.
  if ((await readBudgets(store, signal)).some((budget) => budget.name === name)) return;
  const times = { since: createdAt, setAt: createdAt };
  const reason = `the budget of run ${id}`;
  await writeBudget(
    store,
    { name, limitMicros, per: 'total', tenant, run: id, actor, reason, ...times },
    signal,
  );
}

async function writeDeadline(
  { store, queues }: RunDeps,
  { tenant, id, deadlineAt }: RunDefinition,
  now: number,
  signal?: AbortSignal,
): Promise<void> {
  if (deadlineAt === undefined) return;
  const stop = { tenant, run: id, at: deadlineAt, cause: 'deadline' } as const;
  await new ControlStore(store).putRunStop(stop, { signal });
  if (deadlineAt < now + SOON_MS) await announceChange(queues);
}

/**
 * Adds renders to a run before they are added to the queue. Their checkpoints must have `inRun`, and must be in the
 * intake journal.
 *
 * @returns `refused`: those that the run does not take, because it is sealed or canceled
 */
export function addToRun(
  { engine }: Pick<RunDeps, 'engine'>,
  run: RunRef,
  renderIds: readonly string[],
): Promise<TallyState> {
  return engine.runTallies.change(run, 'add', renderIds.map(toNewRender));
}

/** Takes renders back that {@link addToRun} added: the queue did not accept them. */
export async function withdrawFromRun(
  { engine }: Pick<RunDeps, 'engine'>,
  run: RunRef,
  renderIds: readonly string[],
): Promise<void> {
  await engine.runTallies.change(run, 'withdraw', renderIds.map(toNewRender));
}

const toNewRender = (renderId: string): TalliedRender => ({
  renderId,
  place: 1,
  status: 'queued',
  spentMicros: 0,
  refundedMicros: 0,
  possiblySpentMicros: 0,
});
