import type { Engine, JobTime } from '@darkroom/shared/engine';
import { QUEUE } from '@darkroom/shared/queues';

const PAGE = 500;

/**
 * What the sweeps of one process know, so that a sweep over 200,000 failed renders only lists their ids. Each entry has
 * the time of the failure (Unix ms): a redriven render may fail again.
 */
export interface SweepMemory {
  /** Failed renders whose end is written: they had a dead letter, or lost it to an operator. */
  written: Map<string, number>;
  /** Failed renders that a sweep could not end. */
  skipped: Map<string, number>;
}

export const createSweepMemory = (): SweepMemory => ({ written: new Map(), skipped: new Map() });

/**
 * Lists the failed renders that have no dead letter and of which this process does not know that their end is written.
 * The oldest failure comes first; those that a sweep could not end come last. A render that is redriven meanwhile may
 * be missing from the list, or be in it.
 *
 * Throws the signal's reason, and what the engine throws.
 */
export async function listOpenFailures(
  { engine }: { engine: Pick<Engine, 'readJobTimes' | 'findExistingJobs'> },
  { written, skipped }: SweepMemory,
  signal: AbortSignal,
): Promise<JobTime[]> {
  const open: JobTime[] = [];
  const failed = new Set<string>();
  for (let from = 0; ; from += PAGE) {
    signal.throwIfAborted();
    const page = await engine.readJobTimes(QUEUE.render, 'failed', { from, to: from + PAGE - 1 });
    const unknown = page.filter(({ id, at }) => written.get(id) !== at);
    const ids = unknown.map(({ id }) => id);
    const buried = ids.length === 0 ? new Set() : await engine.findExistingJobs(QUEUE.deadLetter, ids);
    for (const { id } of page) failed.add(id);
    for (const one of unknown) {
      if (buried.has(one.id)) written.set(one.id, one.at);
      else open.push(one);
    }
    if (page.length < PAGE) break;
  }
  for (const known of [written, skipped]) {
    for (const id of known.keys()) if (!failed.has(id)) known.delete(id);
  }
  const wasSkipped = ({ id, at }: JobTime) => skipped.get(id) === at;
  return [...open.filter((one) => !wasSkipped(one)), ...open.filter(wasSkipped)];
}
