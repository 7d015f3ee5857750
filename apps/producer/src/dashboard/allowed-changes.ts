import { QUEUE } from '@darkroom/shared/queues';

/** A change that somebody asks for on the dashboard: Bull Board's route pattern and its parameters. */
export interface DashboardChange {
  method: string;
  route: string;
  queueName?: string | undefined;
  queueStatus?: string | undefined;
}

const Q = '/api/queues/:queueName';

/**
 * Why a change is refused, or nothing. Allowed is what no invariant minds: pausing, retrying what failed,
 * promoting what waits, removing what has ended. Data and new jobs come through the API only: the worker that
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
    case `${Q}/pause`:
    case `${Q}/resume`:
    case `${Q}/:jobId/promote`:
    case `${Q}/promote`:
      return undefined;
    case `${Q}/retry/:queueStatus`:
      if (queueStatus !== 'failed') return 'Only what failed can be tried again.';
      return isRetried(queueName) ? undefined : ONLY_RENDERS;
    case `${Q}/:jobId/retry`:
      return isRetried(queueName) ? undefined : ONLY_RENDERS;
    case `${Q}/clean/:queueStatus`:
      if (queueStatus === 'completed') return undefined;
      return 'Only completed jobs can be cleaned away: the others are still owed to somebody.';
    case `${Q}/:jobId/clean`:
      if (REMOVABLE.includes(queueName)) return undefined;
      return 'A render is never dropped: it ends completed, failed or canceled. Only dead letters and cancel markers can be removed.';
    default:
      return 'The dashboard cannot change this: it would break what the workers rely on.';
  }
}

/** Letters are for people, who may throw them away; without its marker a render that lives goes on. */
const REMOVABLE: (string | undefined)[] = [QUEUE.deadLetter, QUEUE.webhookDeadLetter, QUEUE.cancel];

/** A webhook that is told again does no harm: its receiver knows it by its id. */
const isRetried = (queueName: string | undefined) =>
  queueName === QUEUE.render || queueName === QUEUE.webhook;

const ONLY_RENDERS =
  'Try the render again, not its parts: it goes on at the step that failed. Webhooks can be tried again, too.';
