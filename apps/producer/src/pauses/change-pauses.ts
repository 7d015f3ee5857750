import {
  type CreatePauseRequest,
  PAUSABLE_QUEUES,
  PAUSE_NAME,
  type PausableQueue,
  type PauseResponse,
} from '@darkroom/api';
import { queuePauseName, type SubmissionPause } from '@darkroom/shared/control';
import { ALL_TENANTS } from '@darkroom/shared/keys';
import { DATA_VERSION, randomHex } from '@darkroom/shared/render';
import type { Clock } from '@darkroom/shared/runtime';
import type { FastifyRequest } from 'fastify';
import { describeCaller } from '../access/index.ts';
import type { Auditor } from '../audit/index.ts';
import type { PauseBook } from '../backends/index.ts';
import { operatorScope } from '../dead-letters/index.ts';
import { invalidRequest, ProblemError } from '../problems/index.ts';
import { pauseResponse, queuePauseResponse } from './responses.ts';

export interface ChangePausesDeps {
  pauses: PauseBook;
  clock: Clock;
  auditor: Auditor;
}

/** The pauses that stand. A key of one tenant sees only those of its own tenant. */
export async function listPauses(
  { pauses }: Pick<ChangePausesDeps, 'pauses'>,
  request: FastifyRequest,
): Promise<PauseResponse[]> {
  const { submission, queues } = await pauses.list();
  const tenant = operatorScope(request);
  const visible = submission.filter(({ scope }) => tenant === ALL_TENANTS || scope.tenant === tenant);
  const ofQueues = tenant === ALL_TENANTS ? queues.map(queuePauseResponse) : [];
  return [...ofQueues, ...visible.map(pauseResponse)];
}

/** Pauses submissions, and records it. @throws {ProblemError} `invalid_request`, `pause_exists`. */
export async function createPause(
  { pauses, clock, auditor }: ChangePausesDeps,
  request: FastifyRequest,
  body: CreatePauseRequest,
): Promise<PauseResponse> {
  const pause = readPause(request, body, clock.now());
  if (!(await pauses.add(pause)))
    throw new ProblemError('pause_exists', `There is a pause with the name ${pause.name}.`);
  const { tenant = ALL_TENANTS } = pause.scope;
  await auditor.record(request, {
    action: 'pause.create',
    target: { kind: 'pause', id: pause.name },
    tenant,
    reason: pause.reason,
    after: describe(pause),
  });
  return pauseResponse(pause);
}

/** Ends a pause, also that of a queue, and records it. @throws {ProblemError} `pause_not_found`. */
export async function endPause(
  deps: ChangePausesDeps,
  request: FastifyRequest,
  name: string,
): Promise<PauseResponse> {
  const { pauses, auditor } = deps;
  const queue = PAUSABLE_QUEUES.find((one) => queuePauseName(one) === name);
  if (queue) return await endQueuePause(deps, request, queue);
  const own = operatorScope(request);
  const pause = PAUSE_NAME.test(name) ? await pauses.find(name) : undefined;
  if (!pause || (own !== ALL_TENANTS && pause.scope.tenant !== own)) throw notFound();
  await pauses.remove(name);
  await auditor.record(request, {
    action: 'pause.end',
    target: { kind: 'pause', id: name },
    tenant: pause.scope.tenant ?? ALL_TENANTS,
    before: describe(pause),
  });
  return pauseResponse(pause);
}

async function endQueuePause(
  { pauses, auditor }: ChangePausesDeps,
  request: FastifyRequest,
  queue: PausableQueue,
): Promise<PauseResponse> {
  const paused = (await pauses.list()).queues.find((found) => found.queue === queue);
  if (!paused || operatorScope(request) !== ALL_TENANTS) throw notFound();
  await pauses.resumeQueue(queue);
  await auditor.record(request, {
    action: 'queue.resume',
    target: { kind: 'queue', id: queue },
    tenant: ALL_TENANTS,
    before: {
      paused: true,
      ...(paused.record ? { actor: paused.record.actor, reason: paused.record.reason } : {}),
    },
    after: { paused: false },
  });
  return queuePauseResponse(paused);
}

const notFound = () => new ProblemError('pause_not_found', 'There is no pause with this name.');

/** The values of a pause for the audit log. */
const describe = ({ scope, owner, until, since }: SubmissionPause) => ({
  ...(scope as Record<string, string>),
  owner,
  since: new Date(since).toISOString(),
  ...(until === undefined ? {} : { until: new Date(until).toISOString() }),
});

/** @throws {ProblemError} `invalid_request`. */
function readPause(request: FastifyRequest, body: CreatePauseRequest, now: number): SubmissionPause {
  const { reason, owner, run, model } = body;
  const until = body.until === undefined ? undefined : Date.parse(body.until);
  if (until !== undefined && until <= now)
    throw invalidRequest([
      { field: 'until', expected: 'a time in the future', received: 'a time that is over' },
    ]);
  const tenant = readTenant(request, body);
  const actor = describeCaller(request.caller);
  return {
    version: DATA_VERSION,
    name: readName(body, tenant),
    scope: {
      ...(tenant === undefined ? {} : { tenant }),
      ...(run === undefined ? {} : { run }),
      ...(model === undefined ? {} : { model }),
    },
    reason,
    owner: owner ?? actor,
    actor,
    since: now,
    ...(until === undefined ? {} : { until }),
  };
}

/** A key of one tenant pauses only this tenant. */
function readTenant(request: FastifyRequest, { tenant }: CreatePauseRequest): string | undefined {
  const own = operatorScope(request);
  if (own === ALL_TENANTS) return tenant;
  if (tenant === undefined || tenant === own) return own;
  throw invalidRequest([{ field: 'tenant', expected: "this key's own tenant", received: 'another tenant' }]);
}

function readName({ name, run, model }: CreatePauseRequest, tenant: string | undefined): string {
  if (name === undefined) {
    const subject = (tenant ?? run ?? model ?? 'all').toLowerCase().replace(/[^a-z0-9]+/g, '-');
    return `${subject.slice(0, 50).replace(/^-|-$/g, '') || 'pause'}-${randomHex(3)}`;
  }
  if (!name.startsWith('queue-')) return name;
  const expected = 'a name that does not start with queue-, because these are the pauses of queues';
  throw invalidRequest([{ field: 'name', expected, received: name }]);
}
