import { PLAN_ID, REDRIVE_ID } from '@darkroom/api';
import { ALL_TENANTS } from '@darkroom/shared/keys';
import { keyOfId, type RedrivePlan, type RedriveStore } from '@darkroom/shared/redrives';
import type { RedriveQueue } from '../backends/index.ts';
import { STORE_DEADLINE_MS, withStoreDeadline } from '../backends/index.ts';
import { ProblemError } from '../problems/index.ts';
import type { RedriveFacts } from './responses.ts';

export interface FindDeps {
  redrives: RedriveStore;
  queue: RedriveQueue;
}

/** Whether an operator of `scope` (a tenant, or `*`) may see what an operator of `owner` made. */
export const isVisible = (scope: string, owner: string) => scope === ALL_TENANTS || scope === owner;

/** @throws {ProblemError} `redrive_not_found`, also for the redrive of another tenant's operator. */
export async function findRedrive(deps: FindDeps, scope: string, id: string): Promise<RedriveFacts> {
  const facts = REDRIVE_ID.test(id) ? await readRedrive(deps, keyOfId(id)) : undefined;
  if (!facts || !isVisible(scope, facts.record.scope)) {
    throw new ProblemError('redrive_not_found', 'There is no redrive with this id.');
  }
  return facts;
}

/** @throws {StoreError} and {EngineError} when the store or the queue is away. */
export async function readRedrive(
  { redrives, queue }: FindDeps,
  key: string,
): Promise<RedriveFacts | undefined> {
  return await withStoreDeadline(STORE_DEADLINE_MS.small, async (signal) => {
    const [record, control, job] = await Promise.all([
      redrives.readRecord(key, { signal }),
      redrives.readControl(key, { signal }),
      queue.read(key),
    ]);
    if (!record) return undefined;
    // After the job: a redrive that ends in between has its end.
    return { record, control, job, end: await redrives.readEnd(key, { signal }) };
  });
}

/** @throws {ProblemError} `plan_not_found`, also for the plan of another tenant's operator. */
export async function findPlan({ redrives }: FindDeps, scope: string, id: string): Promise<RedrivePlan> {
  const plan = PLAN_ID.test(id)
    ? await withStoreDeadline(STORE_DEADLINE_MS.small, (signal) => redrives.readPlan(keyOfId(id), { signal }))
    : undefined;
  if (!plan || !isVisible(scope, plan.scope)) {
    throw new ProblemError('plan_not_found', 'There is no plan with this id.');
  }
  return plan;
}
