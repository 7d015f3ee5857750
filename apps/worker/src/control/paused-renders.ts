import { type ControlState, findPauses } from '@darkroom/shared/control';
import type { Engine } from '@darkroom/shared/engine';
import { QUEUE, type Queues, type SubmitJob, withdrawSubmission } from '@darkroom/shared/queues';
import type { Checkpoint } from '@darkroom/shared/render';
import type { Clock } from '@darkroom/shared/runtime';

export interface PausedRendersDeps {
  engine: Pick<Engine, 'readJobTimes' | 'readJobTexts'>;
  queues: Queues;
  clock: Pick<Clock, 'now'>;
  signal: AbortSignal;
}

const PAGE = 1_000;
/** Jobs that are changed at the same time, so that other calls to the engine are not held up. */
const PARALLEL = 50;

/**
 * Wakes all renders that wait for a pause and are held back by none, in the order of their creation. The quota paces their
 * submissions.
 *
 * @returns how many it woke
 */
export async function wakeReleasedRenders(deps: PausedRendersDeps, state: ControlState): Promise<number> {
  const { queues, clock } = deps;
  const isFree = (render: Checkpoint | SubmitJob) => findPauses(state, render, clock.now()).length === 0;
  // A delayed render of the step submit has no submission in the queue: it waits for a pause, or for the store.
  const renders = (await readDelayed<Checkpoint>(deps, QUEUE.render)).filter(
    ({ at }) => at?.step === 'submit',
  );
  const released = renders.filter(isFree).toSorted((one, other) => one.createdAt - other.createdAt);
  const submissions = (await readDelayed<SubmitJob>(deps, QUEUE.submit)).filter(
    (one) => one.pausedAt !== undefined && isFree(one),
  );
  await forEachChunk(deps, released, ({ renderId }) => promote(queues.render, renderId));
  await forEachChunk(deps, submissions, ({ renderId, attempt }) =>
    promote(queues.submit, `${renderId}.s${attempt}`),
  );
  return released.length + submissions.length;
}

/**
 * Takes the waiting submissions of paused renders out of their queue. Each of them would use up a part of the quota when its
 * turn comes, and keep renders of others waiting. Their renders wait for the pause.
 *
 * @returns how many it took out
 */
export async function withdrawPausedSubmissions(
  deps: PausedRendersDeps,
  state: ControlState,
): Promise<number> {
  const { engine, queues, clock } = deps;
  const ids = await queues.submit.getRanges(['prioritized', 'waiting'], 0, -1, true);
  let withdrawn = 0;
  for (let at = 0; at < ids.length; at += PAGE) {
    deps.signal.throwIfAborted();
    const page = ids.slice(at, at + PAGE);
    const submissions = parseAll<SubmitJob>(await engine.readJobTexts(QUEUE.submit, page));
    const paused = submissions.filter((one) => findPauses(state, one, clock.now()).length > 0);
    await forEachChunk(deps, paused, async ({ renderId, attempt }) => {
      if (await withdrawSubmission(queues, `${renderId}.s${attempt}`)) withdrawn += 1;
    });
  }
  return withdrawn;
}

/** The data of all delayed jobs of a queue. Ids first: a job that is promoted moves all others. */
async function readDelayed<D>({ engine, signal }: PausedRendersDeps, queue: string): Promise<D[]> {
  const ids: string[] = [];
  for (let from = 0; ; from += PAGE) {
    signal.throwIfAborted();
    const page = await engine.readJobTimes(queue, 'delayed', { from, to: from + PAGE - 1 });
    ids.push(...page.map(({ id }) => id));
    if (page.length < PAGE) break;
  }
  const found: D[] = [];
  for (let at = 0; at < ids.length; at += PAGE) {
    signal.throwIfAborted();
    found.push(...parseAll<D>(await engine.readJobTexts(queue, ids.slice(at, at + PAGE))));
  }
  return found;
}

const parseAll = <D>(texts: readonly (string | undefined)[]): D[] =>
  texts.flatMap((text) => (text === undefined ? [] : [JSON.parse(text) as D]));

async function forEachChunk<T>(
  { signal }: PausedRendersDeps,
  items: readonly T[],
  act: (item: T) => Promise<void>,
): Promise<void> {
  for (let at = 0; at < items.length; at += PARALLEL) {
    signal.throwIfAborted();
    await Promise.all(items.slice(at, at + PARALLEL).map(act));
  }
}

async function promote(queue: Queues['render'] | Queues['submit'], id: string): Promise<void> {
  const job = await queue.getJob(id);
  // Its wait may end by itself at this moment.
  await job?.promote().catch(async (error: unknown) => {
    if (await job.isDelayed()) throw error;
  });
}
