import { type AuditAction, type AuditTargetKind, PAUSABLE_QUEUES } from '@darkroom/api';
import { ALL_TENANTS } from '@darkroom/shared/keys';
import { QUEUE, type Queues } from '@darkroom/shared/queues';
import type { Clock } from '@darkroom/shared/runtime';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { describeCaller } from '../access/index.ts';
import type { Auditor } from '../audit/index.ts';
import type { PauseBook } from '../backends/index.ts';

interface RecordDeps {
  queues: Queues;
  pauses: PauseBook;
  auditor: Auditor;
  clock: Clock;
}

const PAUSE = /\/api\/queues\/:queueName\/(pause|resume)$/;
const JOB_CHANGE = /\/api\/queues\/:queueName\/(:jobId\/)?(retry|promote|clean)(\/:queueStatus)?$/;
const JOB_ACTION: Record<string, AuditAction> = {
  retry: 'render.redrive',
  promote: 'job.promote',
  clean: 'job.remove',
};

/** Records who changed what on the dashboard: Bull Board only makes the change. */
export function recordActions(scope: FastifyInstance, deps: RecordDeps): void {
  scope.addHook('onSend', async (request, reply) => {
    if (request.method === 'GET' || reply.statusCode >= 300) return;
    const url = request.routeOptions.url ?? '';
    const pause = PAUSE.exec(url);
    if (pause) await recordPause(deps, request, pause[1] === 'pause');
    const [, , change] = JOB_CHANGE.exec(url) ?? [];
    const action = change === undefined ? undefined : JOB_ACTION[change];
    if (action !== undefined) await recordJobChange(deps, request, action);
  });
}

async function recordPause(
  { pauses, auditor, clock }: RecordDeps,
  request: FastifyRequest,
  paused: boolean,
): Promise<void> {
  const { queueName } = request.params as { queueName?: string };
  const name = PAUSABLE_QUEUES.find((one) => one === queueName);
  if (!name) return;
  const actor = describeCaller(request.caller);
  const reason = 'paused on the dashboard';
  await (paused ? pauses.pauseQueue(name, { actor, reason, now: clock.now() }) : pauses.resumeQueue(name));
  await auditor.record(request, {
    action: paused ? 'queue.pause' : 'queue.resume',
    target: { kind: 'queue', id: name },
    tenant: ALL_TENANTS,
    after: { paused },
  });
}

/** A change of one job, or of all jobs of a queue in one state. */
async function recordJobChange(
  { queues, auditor }: RecordDeps,
  request: FastifyRequest,
  action: AuditAction,
): Promise<void> {
  const { queueName = '', jobId, queueStatus } = request.params as Record<string, string | undefined>;
  if (jobId === undefined) {
    const after = { jobs: `all ${queueStatus ?? 'delayed'} jobs` };
    await auditor.record(request, {
      action,
      target: { kind: 'queue', id: queueName },
      tenant: ALL_TENANTS,
      after,
    });
    return;
  }
  await auditor.record(request, {
    action: queueName === QUEUE.webhook && action === 'render.redrive' ? 'webhook.redeliver' : action,
    target: { kind: TARGET_KIND[queueName] ?? 'queue', id: TARGET_KIND[queueName] ? jobId : queueName },
    tenant: await readTenant(queues, queueName, jobId),
    after: { queue: queueName, job: jobId },
  });
}

const TARGET_KIND: Record<string, AuditTargetKind> = {
  [QUEUE.render]: 'render',
  [QUEUE.deadLetter]: 'render',
  [QUEUE.cancel]: 'render',
  [QUEUE.webhook]: 'webhook',
  [QUEUE.webhookDeadLetter]: 'webhook',
};

/** The tenant of a job. A job that was removed no longer has one. */
async function readTenant(queues: Queues, queueName: string, jobId: string): Promise<string> {
  const name = (Object.keys(QUEUE) as (keyof Queues)[]).find((one) => QUEUE[one] === queueName);
  const job = name && (await queues[name].getJob(jobId).catch(() => undefined));
  return (job?.data as { tenant?: string } | undefined)?.tenant ?? ALL_TENANTS;
}
