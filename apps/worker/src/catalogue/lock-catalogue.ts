import { createProblemList, parseCatalogueFile, type RunId } from '@darkroom/catalogue';
import type { RunContext } from './run-context.ts';

/** Another run of the catalogue may buy. What the file says: this one waits or stops. */
export interface OtherRun {
  kind: 'wait' | 'stop';
  reason: string;
}

/**
 * Two runs of a catalogue would buy the same images: only the run that has the lock goes on. The run that was requested first
 * gets it, if both are known. The lock is one write to the store, so of runs that begin at the same moment exactly one gets
 * it, whatever their clocks say. A run keeps it until its summary is written, also while it has no worker and no job.
 *
 * @returns `undefined` when this run has the lock
 */
export async function lockCatalogue(context: RunContext): Promise<OtherRun | undefined> {
  const { id, own, job, infra } = context;
  const options = { signal: job.signal };
  for (;;) {
    const { number, run } = await own.runs.readLock(id, options);
    if (run === id.run) return undefined;
    const holder = run !== undefined && !(await hasEnded({ ...id, run }, context)) ? run : undefined;
    const others = await listEarlier(holder, context);
    if (others.length > 0) return await giveWay(others, context);
    await own.runs.writeLock(id, { number: number + 1, at: infra.clock.now() }, options);
  }
}

/** A run without a request was deleted. */
async function hasEnded(run: RunId, { own, job }: RunContext): Promise<boolean> {
  const options = { signal: job.signal };
  return (
    (await own.runs.readSummary(run, options)) !== undefined ||
    (await own.runs.readRequest(run, options)) === undefined
  );
}

/** The open runs that go first, with the one that has the lock. */
async function listEarlier(holder: string | undefined, { id, request, own, job }: RunContext) {
  const options = { signal: job.signal };
  const earlier: RunId[] = holder === undefined ? [] : [{ ...id, run: holder }];
  for await (const other of own.runs.listOpen(id, options)) {
    if (other.run === id.run || other.run === holder) continue;
    const found = await own.runs.readRequest(other, options);
    if (!found || (await own.runs.readSummary(other, options))) continue;
    const isEarlier =
      found.createdAt < request.createdAt ||
      (found.createdAt === request.createdAt && found.run < request.run);
    // An earlier version wrote plans without a lock.
    if (isEarlier || (await own.runs.readPlan(other, options))) earlier.push(other);
  }
  return earlier;
}

/** What the file says about runs that go first. */
async function giveWay(
  others: readonly RunId[],
  { id, request, own, job, infra }: RunContext,
): Promise<OtherRun> {
  const options = { signal: job.signal };
  const reason = `the run ${others[0]?.run} of this catalogue has not ended`;
  switch (parseCatalogueFile(Buffer.from(request.file), createProblemList())?.config.overlap) {
    case 'queue_one':
      return others.length === 1
        ? { kind: 'wait', reason }
        : { kind: 'stop', reason: `${reason}, and another waits` };
    case 'cancel_other':
      for (const other of others) {
        if (await own.runs.readControl(other, options)) continue;
        const why = `the run ${id.run} began (overlap: cancel_other)`;
        const control = { wanted: 'cancel' as const, actor: 'overlap', reason: why, at: infra.clock.now() };
        await own.runs.writeControl(other, control, options);
      }
      return { kind: 'wait', reason };
    default:
      return { kind: 'stop', reason: `${reason} (overlap: skip)` };
  }
}
