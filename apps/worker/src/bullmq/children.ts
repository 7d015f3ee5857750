import { type Settings } from '@darkroom/shared/config';
import {
  expiryPriority,
  LANE,
  type Queues,
  type StoreJob,
  type SubmitJob,
  withdrawSubmission,
} from '@darkroom/shared/queues';
import { DATA_VERSION } from '@darkroom/shared/render';
import type { Queue } from 'bullmq';
import type { RenderDeps } from '../render/index.ts';
import type { ChildCall, ChildState } from '../stage/stage.ts';
import { DECIDED } from './processor.ts';

/** A store child retries until its result expires: the number is only BullMQ's. */
const WITHOUT_END = 1_000_000;

/** What a render sees of its children. */
export function openChildren(queues: Queues): RenderDeps['children'] {
  return {
    submit: (id) => stateOf(queues.submit, id),
    store: (id) => stateOf(queues.store, id),
    remove: async (queue, id) => {
      await queues[queue].remove(id);
    },
    withdraw: (id) => withdrawSubmission(queues, id),
  };
}

/**
 * One read tells all: a child that has ended completed if it left a value, which ours always do. A retry takes end and
 * value away again. Guarantees of the engines' conformance suite hold it there.
 */
async function stateOf<D extends SubmitJob | StoreJob, R>(
  queue: Queue<D, R>,
  id: string,
): Promise<ChildState<R>> {
  const child = await queue.getJob(id);
  if (!child) return { kind: 'absent' };
  if (!child.finishedOn) return { kind: 'pending' };
  // `null` is how BullMQ says none.
  const value: R | null = child.returnvalue;
  return value === null ? { kind: 'failed', failure: child.data.failure } : { kind: 'completed', value };
}

/** Adds the child of a render, which must be absent. */
export async function addChild(
  queues: Queues,
  settings: Settings,
  call: ChildCall,
  parent: { id: string; queue: string },
): Promise<void> {
  const { renderId, attempt, tenant, provider, request, createdAt } = call.checkpoint;
  const family = { jobId: call.id, parent, continueParentOnFailure: true, backoff: DECIDED };
  switch (call.queue) {
    case 'submit':
      await queues.submit.add(
        request.resolution,
        { version: DATA_VERSION, renderId, attempt, tenant, provider, request },
        { ...family, attempts: settings.SUBMIT_ATTEMPTS, priority: LANE[request.priority] },
      );
      return;
    case 'store': {
      const { taskId, expiresAt } = call;
      await queues.store.add(
        request.resolution,
        { version: DATA_VERSION, renderId, attempt, tenant, provider, taskId, createdAt, expiresAt },
        { ...family, attempts: WITHOUT_END, priority: expiryPriority(expiresAt) },
      );
      return;
    }
  }
}
