import type { Ledger } from '@darkroom/shared/ledger';
import {
  type ItemFailure,
  type Mark,
  type PartMarks,
  type PlanItem,
  readMark,
} from '@darkroom/shared/redrives';
import pMap from 'p-map';
import type { FailedRenders } from '../stage/index.ts';

/** Renders that are read at the same time. */
const PARALLEL = 25;

/**
 * Reads which running renders of a part have ended.
 *
 * @returns the marks with these ends, and the failures of the part; `changed`: whether there is a new one.
 */
export async function checkEnds(
  items: readonly PlanItem[],
  { marks, failures }: PartMarks,
  deps: { renders: FailedRenders; ledger: Ledger; signal: AbortSignal },
): Promise<PartMarks & { changed: boolean }> {
  const present = Array.from(marks);
  const known = { ...failures };
  const running = items.flatMap((item, index) => (readMark(marks, index) === 's' ? [{ item, index }] : []));
  let changed = false;
  await pMap(
    running,
    async ({ item, index }) => {
      const end = await findEnd(item, deps);
      if (!end) return;
      changed = true;
      present[index] = end.mark;
      if (end.failure) known[index] = end.failure;
    },
    { concurrency: PARALLEL, signal: deps.signal },
  );
  return { marks: present.join(''), failures: known, changed };
}

async function findEnd(
  { id, end }: PlanItem,
  { renders, ledger, signal }: { renders: FailedRenders; ledger: Ledger; signal: AbortSignal },
): Promise<{ mark: Mark; failure?: ItemFailure } | undefined> {
  const state = await renders.read(id);
  switch (state.kind) {
    case 'running':
      return undefined;
    case 'ended':
      return { mark: state.status === 'completed' ? 'd' : 'x' };
    case 'failed':
      return state.ends > end ? { mark: 'f', failure: state.failure } : undefined;
    case 'absent': {
      // It has left the queue: its receipt is all that is left. Or the queue lost it, and a restore adds it again.
      const receipt = await ledger.readReceipt(id, signal);
      if (!receipt || (receipt.priorEnds ?? 0) < end) return undefined;
      if (receipt.status === 'completed') return { mark: 'd' };
      if (receipt.status === 'canceled' || !receipt.failure) return { mark: 'x' };
      const { code, message, step } = receipt.failure;
      return { mark: 'f', failure: { code, message, step } };
    }
  }
}
