import type { EventDeps, EventOutcome, ProviderEvent } from './event.ts';
import { acceptanceFromEvent } from './late-purchase.ts';

/**
 * Applies an event about a render that the queue does not have: it may have lost the job. The purchase without a known
 * outcome is the one that the event is about, so its task is recorded in the ledger (I3); a restore then polls the task.
 */
export async function applyWithoutJob(
  renderId: string,
  taskId: string,
  event: ProviderEvent,
  deps: EventDeps,
): Promise<EventOutcome> {
  const { ledger } = deps;
  for (let attempt = 1; ; attempt += 1) {
    const state = await ledger.attemptState(renderId, attempt);
    switch (state.kind) {
      case 'accepted':
        if (state.acceptance.taskId === taskId) return 'ignored';
        break;
      case 'claimed':
        await ledger.writeAcceptance(
          renderId,
          attempt,
          acceptanceFromEvent(state.intent, taskId, event, deps),
        );
        return 'recorded';
      case 'canceled':
        return 'ignored';
      case 'unclaimed':
        // The provider sends the event again. By then the restore has added the job, or there is no such render.
        return attempt === 1 && (await deps.queueState.isIncomplete()) ? 'early' : 'ignored';
    }
  }
}
