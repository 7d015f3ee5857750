import type { ReconcileResult } from '@darkroom/api';
import type { FastifyRequest } from 'fastify';
import { requireTenant } from '../access/index.ts';
import { findRender } from '../lookup/index.ts';
import { ProblemError } from '../problems/index.ts';
import { type RenderReadDeps, stateOutcome } from '../renders/index.ts';
import type { UnknownPurchase } from './judge.ts';

export type ResolveDeps = Pick<RenderReadDeps, 'lookup' | 'auditor'>;

/** What a reconciliation stated about a purchase. */
export type ProvenOutcome = 'bought' | 'not_bought';

/**
 * Makes the statement that the difference proves about each unknown purchase, as an operator would. A purchase of which
 * something became known meanwhile is left out. Without a proof it does nothing.
 *
 * @returns what was stated, by render id
 */
export async function resolveUnknown(
  deps: ResolveDeps,
  request: FastifyRequest,
  { id, result, unknown }: { id: string; result: ReconcileResult; unknown: readonly UnknownPurchase[] },
): Promise<Map<string, ProvenOutcome>> {
  const resolved = new Map<string, ProvenOutcome>();
  if (result !== 'all_bought' && result !== 'none_bought') return resolved;
  const note = `proven by the balance: reconciliation ${id}`;
  for (const { renderId, attempt } of unknown) {
    const snapshot = await findRender(deps.lookup, requireTenant(request), renderId);
    if (!snapshot) continue;
    // The task of a charged purchase is not known, so its image is lost: it counts as spent, and is bought again.
    const statement =
      result === 'all_bought'
        ? ({ purchase: 'buy_again', isCharged: true, attempt, note } as const)
        : ({ purchase: 'not_bought', attempt, note } as const);
    try {
      await stateOutcome(deps, request, snapshot, statement);
      resolved.set(`${renderId}.${attempt}`, result === 'all_bought' ? 'bought' : 'not_bought');
    } catch (error) {
      if (!(error instanceof ProblemError) || error.code !== 'no_open_purchase') throw error;
    }
  }
  return resolved;
}
