import type { TalliedRender } from '@darkroom/shared/engine';
import { listEntries, readEntry } from '@darkroom/shared/journal';
import { isStoreAway } from '@darkroom/shared/object-store';
import { listLiveRenders, QUEUE } from '@darkroom/shared/queues';
import { type Checkpoint, readCheckpoint } from '@darkroom/shared/render';
import {
  listEnded,
  type OpenRun,
  placeCheckpoint,
  placeEnd,
  RunStore,
  requestRunJob,
} from '@darkroom/shared/runs';
import pMap from 'p-map';
import type { RunStageDeps } from './run-deps.ts';
import { requestEndIfOver } from './run-tracker.ts';

/** Entries of the journal that are read at the same time. */
const PARALLEL = 16;
/** Renders that are counted together. */
const BATCH = 500;

/** The renders of a run that have not ended, by id, from the intake journal. */
type JournalRenders = Map<string, Checkpoint>;

/**
 * Counts the renders of open runs whose tallies the engine has lost: those that have ended from the keys of their ends, the
 * others from the intake journal. Workers move renders at the same time. A move is never undone, because every place has
 * a number. It can be interrupted and repeated.
 *
 * @returns how many runs it has counted
 */
export async function fillTallies(deps: RunStageDeps, signal: AbortSignal): Promise<number> {
  const { store, engine, log } = deps;
  const lost: OpenRun[] = [];
  for await (const run of new RunStore(store).listOpen({ signal }))
    if (!(await engine.runTallies.find(run)).isReady) lost.push(run);
  if (lost.length === 0) return 0;
  // Before the ends: a render that ends meanwhile leaves the journal after it has its end.
  const journal = await readJournal(deps, lost, signal);
  for (const run of lost) await fillRun(deps, run, journal.get(nameRun(run)) ?? new Map(), signal);
  log.info({ runs: lost.length }, 'runs: renders counted again');
  return lost.length;
}

const nameRun = ({ tenant, id }: { tenant: string; id: string | undefined }) => `${tenant}/${id}`;

async function readJournal(
  deps: RunStageDeps,
  runs: readonly OpenRun[],
  signal: AbortSignal,
): Promise<Map<string, JournalRenders>> {
  const found = new Map(runs.map((run): [string, JournalRenders] => [nameRun(run), new Map()]));
  const add = (checkpoint: Checkpoint) => {
    const { inRun, renderId, tenant, request } = checkpoint;
    if (inRun) found.get(nameRun({ tenant, id: request.run }))?.set(renderId, checkpoint);
  };
  for await (const part of listEntries(deps.store, { maxEntries: PARALLEL, signal })) {
    const entries = await pMap(part, ({ key }) => readOrSkip(deps, key, signal), {
      concurrency: PARALLEL,
      signal,
    });
    for (const entry of entries) entry?.checkpoints.forEach(add);
  }
  // Without a journal, only the queue knows them.
  if (deps.settings.INTAKE_JOURNAL !== 'on')
    for await (const checkpoints of listLiveRenders(deps.engine, deps.queues)) checkpoints.forEach(add);
  return found;
}

async function readOrSkip({ store, log }: RunStageDeps, key: string, signal: AbortSignal) {
  try {
    return await readEntry(store, key, { signal });
  } catch (error) {
    if (signal.aborted || isStoreAway(error)) throw error;
    log.error({ key, err: error }, 'runs: journal entry left out: unreadable');
    return undefined;
  }
}

async function fillRun(
  deps: RunStageDeps,
  run: OpenRun,
  journal: JournalRenders,
  signal: AbortSignal,
): Promise<void> {
  const { engine, store, queues } = deps;
  const { tenant, id, opening } = run;
  const runs = new RunStore(store);
  // It ended, and a crash left it among the open ones.
  if (await runs.readEnd(run, opening, { signal }))
    return await requestRunJob(queues, { kind: 'end', tenant, id, opening });
  const live = new Map(journal);
  let batch: TalliedRender[] = [];
  const flush = async (min: number) => {
    if (batch.length < min) return;
    await engine.runTallies.change(run, 'fill', batch);
    batch = [];
  };
  const redriven: TalliedRender[] = [];
  for await (const entry of listEnded(store, run, { signal })) {
    live.delete(entry.renderId);
    if (entry.isRedriven) redriven.push(placeEnd(entry));
    else batch.push(placeEnd(entry));
    await flush(BATCH);
  }
  await flush(1);
  const remaining = [...[...live.values()].map((first) => placeCheckpoint(first, 0)), ...redriven];
  for (let at = 0; at < remaining.length; at += BATCH) {
    signal.throwIfAborted();
    batch = await placeLive(deps, remaining.slice(at, at + BATCH));
    await flush(1);
  }
  for (const closing of ['sealed', 'canceled'] as const)
    if (await runs.readClosing(run, closing, { signal })) await engine.runTallies.close(run, closing);
  await requestEndIfOver(deps, run, await engine.runTallies.markReady(run, opening));
}

/** Where renders stand now, if the queue has them: the journal knows only their first checkpoints. */
async function placeLive(
  { engine }: RunStageDeps,
  renders: readonly TalliedRender[],
): Promise<TalliedRender[]> {
  const ids = renders.map(({ renderId }) => renderId);
  const texts = await engine.readJobTexts(QUEUE.render, ids);
  return renders.map((render, at) => {
    const text = texts[at];
    const checkpoint = text === undefined ? undefined : readOrLeave(text);
    return checkpoint ? placeCheckpoint(checkpoint, (render.place - 1) / 2) : render;
  });
}

/** A newer Darkroom may have written it. */
function readOrLeave(text: string): Checkpoint | undefined {
  try {
    return readCheckpoint(JSON.parse(text));
  } catch {
    return undefined;
  }
}
