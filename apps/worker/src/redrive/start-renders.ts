import type { SkipReason } from '@darkroom/api';
import type { Ledger } from '@darkroom/shared/ledger';
import { type Mark, type PlanItem, type RedriveRecord, SKIP_MARK } from '@darkroom/shared/redrives';
import type { FailedRenders, RenderState } from '../stage/index.ts';

/** What the redrive pays for a render, in micro-dollars. `undefined`: it is not bought. */
export function priceOf(
  { action, priceMicros }: PlanItem,
  { acceptDuplicateCharge }: Pick<RedriveRecord, 'acceptDuplicateCharge'>,
): number | undefined {
  switch (action) {
    case 'resume':
      return undefined;
    case 'acknowledge':
      return acceptDuplicateCharge ? priceMicros : undefined;
    case 'buy':
    // It may be bought: a limit must hold then, too.
    case 'unknown':
      return priceMicros;
  }
}

/** Why a render is not started. `undefined`: it is as the plan found it. */
export function findSkipReason(
  item: PlanItem,
  state: RenderState,
  { record, now }: { record: RedriveRecord; now: number },
): SkipReason | undefined {
  if (state.kind === 'absent') return 'not_found';
  if (state.kind !== 'failed' || state.ends !== item.end) return 'changed';
  if (item.action === 'acknowledge' && !record.acceptDuplicateCharge && !record.pollAgain) {
    return 'acknowledgement_needed';
  }
  const hasExpired = item.action === 'resume' && item.step === 'store' && now >= (item.expiresAt ?? now + 1);
  return hasExpired ? 'result_expired' : undefined;
}

/**
 * Starts a render that is marked as about to be started. Safe to call again after a crash: a render that is no longer as
 * the plan found it was started by this redrive.
 */
export async function startRender(
  item: PlanItem,
  deps: { renders: FailedRenders; ledger: Ledger; record: RedriveRecord; signal: AbortSignal },
): Promise<Mark> {
  const { renders, ledger, record, signal } = deps;
  const { id, end, attempt, action } = item;
  if (action === 'acknowledge' && record.acceptDuplicateCharge) {
    // The ledger has the statement before the render moves: the worker reads it there.
    const present = await ledger.readStatement(id, attempt, signal);
    if (present?.kind !== 'buy_again') {
      const note = record.reason === undefined ? {} : { note: record.reason };
      await ledger.addStatement(id, attempt, { kind: 'buy_again', actor: record.actor, ...note }, signal);
    }
  }
  return (await renders.retry(id, end)) ? 's' : SKIP_MARK.changed;
}
