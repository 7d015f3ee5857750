import { findQueueView, type QueueChange } from './queue-views.ts';

/** A request to Bull Board's REST API: its route pattern and its parameters. */
export interface DashboardRequest {
  method: string;
  route: string;
  queueName?: string | undefined;
  queueStatus?: string | undefined;
}

/**
 * What Darkroom allows on a route. `read`: everything. `rejected`: nothing, because the workers rely on it: data and new
 * jobs come only through the API, since the worker that holds the lock writes the checkpoint, and an accepted render is
 * never dropped (I1). A change: in those queues whose view lists it, and only for jobs in `status`.
 */
type RouteRule = 'read' | 'rejected' | { change: QueueChange; status?: 'failed' | 'completed' };

const QUEUE_ROUTE = '/api/queues/:queueName';
const JOB_ROUTE = `${QUEUE_ROUTE}/:jobId`;
/** Also depends on the job's state: see {@link retryStateError}. */
export const RETRY_JOB_ROUTE = `${JOB_ROUTE}/retry`;

/** Every route of Bull Board's REST API. A test compares it with Bull Board: a new version may add a route. */
export const ROUTE_RULES: Readonly<Record<string, RouteRule>> = {
  'get /api/redis/stats': 'read',
  'get /api/queues': 'read',
  'get /api/job-schedulers': 'read',
  [`get ${QUEUE_ROUTE}/metrics`]: 'read',
  [`get ${QUEUE_ROUTE}/default-job-options`]: 'read',
  [`get ${QUEUE_ROUTE}/workers`]: 'read',
  [`get ${QUEUE_ROUTE}/rate-limit`]: 'read',
  [`get ${QUEUE_ROUTE}/job-data-schema`]: 'read',
  [`get ${JOB_ROUTE}`]: 'read',
  [`get ${JOB_ROUTE}/logs`]: 'read',
  [`get ${JOB_ROUTE}/flow`]: 'read',
  [`put ${QUEUE_ROUTE}/pause`]: { change: 'pause' },
  [`put ${QUEUE_ROUTE}/resume`]: { change: 'pause' },
  [`put ${QUEUE_ROUTE}/promote`]: { change: 'promote' },
  [`put ${JOB_ROUTE}/promote`]: { change: 'promote' },
  [`put ${QUEUE_ROUTE}/retry/:queueStatus`]: { change: 'retry', status: 'failed' },
  [`put ${RETRY_JOB_ROUTE}`]: { change: 'retry' },
  [`put ${QUEUE_ROUTE}/clean/:queueStatus`]: { change: 'clean', status: 'completed' },
  [`put ${JOB_ROUTE}/clean`]: { change: 'remove' },
  // They would also pause the restore of a lost queue, and no page would show it.
  'put /api/queues/pause': 'rejected',
  'put /api/queues/resume': 'rejected',
  [`post ${QUEUE_ROUTE}/add`]: 'rejected',
  [`put ${QUEUE_ROUTE}/concurrency`]: 'rejected',
  [`put ${QUEUE_ROUTE}/rate-limit`]: 'rejected',
  [`put ${QUEUE_ROUTE}/rate-limit/release`]: 'rejected',
  [`put ${QUEUE_ROUTE}/empty`]: 'rejected',
  [`put ${QUEUE_ROUTE}/obliterate`]: 'rejected',
  [`put ${QUEUE_ROUTE}/job-schedulers/:schedulerId/remove`]: 'rejected',
  [`patch ${QUEUE_ROUTE}/job-schedulers/:schedulerId`]: 'rejected',
  [`put ${QUEUE_ROUTE}/job-schedulers/:schedulerId/run`]: 'rejected',
  [`patch ${JOB_ROUTE}/update-data`]: 'rejected',
  [`patch ${JOB_ROUTE}/delay`]: 'rejected',
  [`patch ${JOB_ROUTE}/priority`]: 'rejected',
  [`put ${JOB_ROUTE}/remove-unprocessed-children`]: 'rejected',
};

/** Why a request is rejected, or `undefined`. */
export function dashboardRequestError({
  method,
  route,
  queueName,
  queueStatus,
}: DashboardRequest): string | undefined {
  const rule = ROUTE_RULES[`${method.toLowerCase()} ${route}`] ?? 'rejected';
  if (rule === 'read') return undefined;
  if (rule === 'rejected') return 'The dashboard cannot change this: the workers rely on it.';
  const isAllowed = findQueueView(queueName)?.changes.includes(rule.change) === true;
  const isInStatus = rule.status === undefined || queueStatus === rule.status;
  return isAllowed && isInStatus ? undefined : REJECTION[rule.change];
}

const REJECTION: Record<QueueChange, string> = {
  pause: 'Only queues whose jobs are the work of the workers can be paused.',
  promote: 'The jobs of this queue do not wait for a time.',
  retry:
    'Only failed renders and failed webhooks can be retried. Retry the render, not a part of it: it resumes at the step that failed.',
  clean: 'Only completed jobs of the queues that work can be removed: other jobs are still needed.',
  remove:
    'A render is never dropped: it ends completed, failed or canceled. Only dead letters can be removed.',
};

/**
 * Why a job in this state cannot be retried, or `undefined`. Bull Board also retries completed jobs: the render would
 * end a second time, and receivers would get its end again under a new id.
 */
export function retryStateError(state: string): string | undefined {
  // Bull Board answers an unknown job with 404.
  if (state === 'failed' || state === 'unknown') return undefined;
  return `Only failed jobs can be retried. This job is ${state}.`;
}
