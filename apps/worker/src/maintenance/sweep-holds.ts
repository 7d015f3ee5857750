import type { Engine } from '@darkroom/shared/engine';
import { QUEUE, type Queues } from '@darkroom/shared/queues';
import type { Checkpoint } from '@darkroom/shared/render';
import type { Infra } from '../stage/index.ts';
import { listWaitsBeyond, promote } from './sweep-delays.ts';

const PAGE = 500;
/** Longer than the hold step lets a render wait between two reads of the ledger, and than two clocks differ. */
const MAX_HOLD_WAIT_MS = 180_000;

export interface SweepHoldsDeps extends Pick<Infra, 'clock' | 'log'> {
  engine: Pick<Engine, 'readJobTimes' | 'readJobTexts'>;
  queues: Queues;
  signal: AbortSignal;
}

/**
 * Wakes held renders whose grace time has ended and which would wait for minutes all the same. Their hold step then reads
 * the ledger a last time, and ends the hold.
 *
 * @returns how many it woke.
 */
export async function sweepHolds(deps: SweepHoldsDeps): Promise<number> {
  const { engine, queues, clock, log, signal } = deps;
  const now = clock.now();
  const waits = await listWaitsBeyond(deps, QUEUE.render, now + MAX_HOLD_WAIT_MS);
  let woken = 0;
  for (let from = 0; from < waits.length; from += PAGE) {
    signal.throwIfAborted();
    const ids = waits.slice(from, from + PAGE).map(({ id }) => id);
    const texts = await engine.readJobTexts(QUEUE.render, ids);
    for (const [at, renderId] of ids.entries()) {
      if (!isOverdue(texts[at], now)) continue;
      const job = await queues.render.getJob(renderId);
      if (!job || !(await promote(job))) continue;
      woken += 1;
      log.warn({ renderId }, 'held render woken: the grace time of its purchase had ended');
    }
  }
  return woken;
}

function isOverdue(text: string | undefined, now: number): boolean {
  if (!text?.includes('"hold"')) return false;
  const { at } = JSON.parse(text) as Pick<Checkpoint, 'at'>;
  return at.step === 'hold' && at.until <= now;
}
