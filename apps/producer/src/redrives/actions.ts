import type { RedriveRequest } from '@darkroom/api';
import type { Settings } from '@darkroom/shared/config';
import {
  MAX_PLAN_RENDERS,
  type RedriveControlRecord,
  type RedrivePlan,
  type RedriveRecord,
  redriveId,
} from '@darkroom/shared/redrives';
import type { Clock } from '@darkroom/shared/runtime';
import type { FastifyRequest } from 'fastify';
import { describeCaller } from '../access/index.ts';
import type { Auditor } from '../audit/index.ts';
import { STORE_DEADLINE_MS, withStoreDeadline } from '../backends/index.ts';
import { operatorScope, type ReadDeadLetters, selectDeadLetters } from '../dead-letters/index.ts';
import { invalidRequest, ProblemError } from '../problems/index.ts';
import { createPlan, type PlanDeps } from './create-plan.ts';
import { executePlan } from './execute-plan.ts';
import { type FindDeps, findPlan, findRedrive, isVisible, readRedrive } from './find-redrive.ts';
import type { RedriveFacts } from './responses.ts';

export interface RedriveDeps extends PlanDeps, FindDeps {
  readDeadLetters: ReadDeadLetters;
  auditor: Auditor;
  settings: Pick<Settings, 'PRICES' | 'MAX_PURCHASES'>;
  clock: Clock;
}

const WANTED = { pause: 'pause', resume: 'run', cancel: 'cancel' } as const;
export type RedriveControlAction = keyof typeof WANTED;
export const REDRIVE_CONTROL_ACTIONS = Object.keys(WANTED) as RedriveControlAction[];

/** Makes a plan for the dead letters that a request selects. @throws {ProblemError} `invalid_request`. */
export async function planRedrive(
  deps: RedriveDeps,
  request: FastifyRequest,
  { ids, filter }: Pick<RedriveRequest, 'ids' | 'filter'>,
): Promise<RedrivePlan> {
  const letters = selectDeadLetters(await deps.readDeadLetters(), request, { ids, filter });
  if (letters.length > MAX_PLAN_RENDERS) {
    const expected = `a filter that selects at most ${MAX_PLAN_RENDERS} dead letters`;
    throw invalidRequest([{ field: 'filter', expected, received: `${letters.length} dead letters` }]);
  }
  const found = new Set(letters.map(({ renderId }) => renderId));
  const notFound = [...new Set(ids ?? [])].filter((one) => !found.has(one));
  const { settings, clock } = deps;
  const scope = operatorScope(request);
  return await createPlan(deps, letters, { scope, notFound, settings, now: clock.now() });
}

/**
 * Begins the redrive of a plan, once.
 *
 * @throws {ProblemError} `plan_not_found`, `plan_expired`, `plan_executed`.
 */
export async function startRedrive(
  deps: RedriveDeps,
  request: FastifyRequest,
  body: RedriveRequest & { plan: string },
): Promise<RedriveFacts> {
  const plan = await findPlan(deps, operatorScope(request), body.plan);
  const actor = describeCaller(request.caller);
  const { record, isNew } = await executePlan(deps, plan, body, { actor, now: deps.clock.now() });
  if (isNew) await recordRedrive(deps.auditor, request, 'redrive.create', record, record.reason);
  return (
    (await readRedrive(deps, plan.key)) ?? { record, control: undefined, job: undefined, end: undefined }
  );
}

/** A page of the redrives that the caller may see, the latest first. */
export async function listRedrives(
  deps: FindDeps,
  request: FastifyRequest,
  { limit, cursor }: { limit: number; cursor?: string | undefined },
): Promise<{ facts: RedriveFacts[]; next?: string | undefined }> {
  const scope = operatorScope(request);
  const listed = await withStoreDeadline(STORE_DEADLINE_MS.small, (signal) =>
    deps.redrives.list({ cursor, limit, signal }),
  );
  const visible = listed.filter((one) => isVisible(scope, one.scope));
  const facts = await Promise.all(visible.map(({ key }) => readRedrive(deps, key)));
  return {
    facts: facts.flatMap((one) => one ?? []),
    ...(listed.length === limit ? { next: listed.at(-1)?.cursor } : {}),
  };
}

/** Pauses, resumes or cancels a redrive. @throws {ProblemError} `redrive_not_found`, `redrive_ended`. */
export async function controlRedrive(
  deps: RedriveDeps,
  request: FastifyRequest,
  { id, action, reason }: { id: string; action: RedriveControlAction; reason?: string | undefined },
): Promise<RedriveFacts> {
  const scope = operatorScope(request);
  const wanted = WANTED[action];
  const { record, end, control } = await findRedrive(deps, scope, id);
  const isCanceled = control?.wanted === 'cancel';
  if (end || (isCanceled && wanted !== 'cancel')) {
    throw new ProblemError('redrive_ended', `The redrive is ${end?.status ?? 'being canceled'}.`);
  }
  if (!isCanceled) {
    const next: RedriveControlRecord = {
      wanted,
      actor: describeCaller(request.caller),
      ...(reason === undefined ? {} : { reason }),
      at: deps.clock.now(),
    };
    await withStoreDeadline(STORE_DEADLINE_MS.small, (signal) =>
      deps.redrives.writeControl(record.key, next, { signal }),
    );
    await recordRedrive(deps.auditor, request, `redrive.${action}`, record, reason);
  }
  await deps.queue.wake(record.key);
  return await findRedrive(deps, scope, id);
}

const recordRedrive = (
  auditor: Auditor,
  request: FastifyRequest,
  action: `redrive.${'create' | RedriveControlAction}`,
  { key, scope, total, rate, acceptDuplicateCharge }: RedriveRecord,
  reason: string | undefined,
) =>
  auditor.record(request, {
    action,
    target: { kind: 'redrive', id: redriveId(key) },
    tenant: scope,
    reason,
    ...(action === 'redrive.create' ? { after: { total, rate, acceptDuplicateCharge } } : {}),
  });
