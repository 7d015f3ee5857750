import type { Settings } from '@darkroom/shared/config';
import {
  expiryPriority,
  type Queues,
  type StoreJob,
  type SubmitJob,
  tenantLine,
  withdrawSubmission,
} from '@darkroom/shared/queues';
import { DATA_VERSION, type PersistedKind, upgradePersisted } from '@darkroom/shared/render';
import type { Queue } from 'bullmq';
import type { ChildCall, ChildState } from '../stage/index.ts';
import { DECIDED } from './processor.ts';

/** A store child retries until its result expires, which the policy decides. BullMQ's own limit must not come first. */
const UNLIMITED_ATTEMPTS = 1_000_000;

/** The children of renders. */
export function openChildren(queues: Queues) {
  return {
    readSubmit: (id: string) => readChild(queues.submit, 'submit-job', id),
    readStore: (id: string) => readChild(queues.store, 'store-job', id),
    remove: async (queue: ChildCall['queue'], id: string): Promise<void> => {
      const child = await queues[queue].getJob(id);
      // On the embedded engine, the parent would remember the end of this child, and the next one could not wake it.
      if (child?.parentKey) await child.removeChildDependency();
      await queues[queue].remove(id);
    },
    withdraw: (id: string) => withdrawSubmission(queues, id),
  };
}

/**
 * One read is enough: a child that has ended has completed if it left a value, and our stages always return one. A retry
 * removes the end and the value. The engines' conformance suite tests both.
 */
async function readChild<D extends SubmitJob | StoreJob, R>(
  queue: Queue<D, R>,
  kind: PersistedKind,
  id: string,
): Promise<ChildState<R>> {
  const child = await queue.getJob(id);
  if (!child) return { kind: 'absent' };
  if (!child.finishedOn) return { kind: 'pending' };
  // BullMQ's `null` means: no value.
  const value: R | null = child.returnvalue;
  if (value !== null) return { kind: 'completed', value };
  const { failure } = upgradePersisted(kind, child.data) as D;
  return { kind: 'failed', failure };
}

/** Adds the child of a render. The child must be absent. */
export async function addChild(
  queues: Queues,
  settings: Settings,
  call: ChildCall,
  parent: { id: string; queue: string },
): Promise<void> {
  const { renderId, attempt, tenant, provider, request, createdAt } = call.checkpoint;
  const options = { jobId: call.id, parent, continueParentOnFailure: true, backoff: DECIDED };
  switch (call.queue) {
    case 'submit':
      await queues.submit.add(
        request.resolution,
        {
          version: DATA_VERSION,
          renderId,
          attempt,
          tenant,
          provider,
          request,
          ...(call.checkpoint.inRun ? { inRun: true as const } : {}),
        },
        { ...options, attempts: settings.SUBMIT_ATTEMPTS, priority: tenantLine(request.priority, tenant) },
      );
      return;
    case 'store': {
      const { taskId, expiresAt } = call;
      const { size, resolution } = request;
      const requested = size === undefined ? { resolution } : { size, resolution };
      await queues.store.add(
        request.resolution,
        {
          version: DATA_VERSION,
          renderId,
          attempt,
          tenant,
          provider,
          taskId,
          createdAt,
          expiresAt,
          requested,
        },
        { ...options, attempts: UNLIMITED_ATTEMPTS, priority: expiryPriority(expiresAt) },
      );
      return;
    }
  }
}
