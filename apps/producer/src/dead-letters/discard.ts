import type { DiscardRequest, DiscardResponse } from '@darkroom/api';
import type { Ledger } from '@darkroom/shared/ledger';
import pMap from 'p-map';
import { type DeadLetterQueue, STORE_DEADLINE_MS, withStoreDeadline } from '../backends/index.ts';
import type { OpenDeadLetter } from './dead-letter.ts';

/** Dead letters that one call discards: each needs two writes to the store. */
const MAX_DISCARDED = 1_000;
const PARALLEL = 16;

export interface DiscardDeps {
  queue: DeadLetterQueue;
  ledger: Ledger;
}

/**
 * Discards dead letters. The ledger has the discard before the queue loses the dead letter, so that neither the sweep
 * nor a restore brings it back. The renders stay failed.
 *
 * @param letters those that the request selects
 */
export async function discardDeadLetters(
  { queue, ledger }: DiscardDeps,
  letters: readonly OpenDeadLetter[],
  {
    ids,
    note,
    actor,
    record,
  }: Pick<DiscardRequest, 'ids' | 'note'> & {
    actor: string;
    /** Called for each dead letter that was discarded. */
    record(letter: OpenDeadLetter): Promise<void>;
  },
): Promise<DiscardResponse> {
  const now = letters.slice(0, MAX_DISCARDED);
  const removed = await pMap(
    now,
    async (letter) => {
      const { renderId, end } = letter;
      await withStoreDeadline(STORE_DEADLINE_MS.small, async (signal) => {
        await ledger.writeDiscard(renderId, { end, actor, note }, signal);
        await ledger.deleteDeadLetterIndex(renderId, signal);
      });
      const isRemoved = await queue.remove(renderId);
      if (isRemoved) await record(letter);
      return isRemoved;
    },
    { concurrency: PARALLEL },
  );
  const found = new Set(letters.map(({ renderId }) => renderId));
  const gone = now.filter((_, at) => !removed[at]).map(({ renderId }) => renderId);
  return {
    object: 'discard',
    discarded: now.length - gone.length,
    skipped: [...new Set(ids ?? [])].filter((id) => !found.has(id)).concat(gone),
    remaining: letters.length - now.length,
  };
}
