import { findQueueView } from './queue-views.ts';

/** A change that an operator requests on the dashboard: Bull Board's route pattern and its parameters. */
export interface DashboardChange {
  method: string;
  route: string;
  queueName?: string | undefined;
  queueStatus?: string | undefined;
}

const QUEUE_ROUTE = '/api/queues/:queueName';
/** Also depends on the job's state: see {@link retryStateError}. */
export const RETRY_JOB_ROUTE = `${QUEUE_ROUTE}/:jobId/retry`;

/**
 * Why a change is rejected, or `undefined`. Allowed are changes that break no invariant: pausing, retrying failed jobs,
 * promoting delayed jobs, removing jobs that have ended. Data and new jobs come only through the API: the worker that
 * holds the lock writes the checkpoint, and an accepted render is never dropped (I1).
 */
export function dashboardChangeError({
  method,
  route,
  queueName,
  queueStatus,
}: DashboardChange): string | undefined {
  if (method.toLowerCase() === 'get') return undefined;
  switch (route) {
    case '/api/queues/pause':
    case '/api/queues/resume':
    case `${QUEUE_ROUTE}/pause`:
    case `${QUEUE_ROUTE}/resume`:
    case `${QUEUE_ROUTE}/:jobId/promote`:
    case `${QUEUE_ROUTE}/promote`:
      return undefined;
    case `${QUEUE_ROUTE}/retry/:queueStatus`:
      if (queueStatus !== 'failed') return 'Only failed jobs can be retried.';
      return findQueueView(queueName)?.retries ? undefined : RETRY_RENDER;
    case RETRY_JOB_ROUTE:
      return findQueueView(queueName)?.retries ? undefined : RETRY_RENDER;
    case `${QUEUE_ROUTE}/clean/:queueStatus`:
      if (queueStatus === 'completed') return undefined;
      return 'Only completed jobs can be removed: other jobs are still needed.';
    case `${QUEUE_ROUTE}/:jobId/clean`:
      if (findQueueView(queueName)?.removable) return undefined;
      return 'A render is never dropped: it ends completed, failed or canceled. Only dead letters and cancel markers can be removed.';
    default:
      return 'The dashboard cannot change this: the workers rely on it.';
  }
}

/**
 * Why a job in this state cannot be retried, or `undefined`. Bull Board also retries completed jobs: the render would
 * end a second time, and receivers would get its end again under a new id.
 */
export function retryStateError(state: string): string | undefined {
  // Bull Board answers an unknown job with 404.
  if (state === 'failed' || state === 'unknown') return undefined;
  return `Only failed jobs can be retried. This job is ${state}.`;
}

const RETRY_RENDER =
  'Retry the render, not a part of it: it resumes at the step that failed. Webhooks can be retried, too.';
