import { Ledger } from '@darkroom/shared/ledger';
import { type Queues } from '@darkroom/shared/queues';
import { type Receipt } from '@darkroom/shared/render';
import { type Clock } from '@darkroom/shared/runtime';
import type { House } from './compose.ts';

/** Where the catalogue stands. */
export interface Standing {
  total: number;
  completed: number;
  failed: number;
  /** In the queue, not yet at the provider. */
  queued: number;
  /** At the provider. */
  rendering: number;
  storing: number;
  costMicros: number;
}

const LOOK_EVERY_MS = 400;

/**
 * Follows renders to their end. Endings are read from the receipts, which cost the queue nothing; how far the
 * others are, from the queue's counts.
 *
 * @throws the signal's reason when it aborts.
 */
export async function follow(
  ids: readonly string[],
  house: House,
  queues: Queues,
  options: { clock: Clock; signal: AbortSignal; startedAt: number; show(standing: Standing): void },
): Promise<Map<string, Receipt>> {
  const ledger = new Ledger(house.store, options.clock);
  const ended = new Map<string, Receipt>();
  const open = new Set(ids);
  while (open.size > 0) {
    options.signal.throwIfAborted();
    for (const id of open) {
      const receipt = await ledger.readReceipt(id, options.signal);
      // A failed render's receipt is written just before the job ends, and an older one may stand for a render
      // that was redriven: the job has the last word.
      if (!receipt || !(await isOver(queues, id))) continue;
      ended.set(id, receipt);
      open.delete(id);
    }
    options.show(await standingOf(ids.length, ended, queues));
    if (open.size > 0) await options.clock.sleep(LOOK_EVERY_MS, options.signal);
  }
  return ended;
}

async function isOver(queues: Queues, id: string): Promise<boolean> {
  const job = await queues.render.getJob(id);
  return !job || job.finishedOn !== undefined;
}

async function standingOf(total: number, ended: Map<string, Receipt>, queues: Queues): Promise<Standing> {
  const receipts = [...ended.values()];
  const completed = receipts.filter((receipt) => receipt.status === 'completed').length;
  const stores = await queues.store.getJobCounts('waiting', 'prioritized', 'active', 'delayed');
  const sum = (counts: Record<string, number>) =>
    Object.values(counts).reduce((all, count) => all + count, 0);
  const left = total - ended.size;
  const storing = Math.min(left, sum(stores));
  const atProvider = await queues.render.getJobCountByTypes('delayed');
  const rendering = Math.min(left - storing, atProvider);
  return {
    total,
    completed,
    failed: ended.size - completed,
    queued: left - storing - rendering,
    rendering,
    storing,
    costMicros: receipts.reduce((all, receipt) => all + receipt.costMicros, 0),
  };
}
