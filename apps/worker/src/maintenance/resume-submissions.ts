import type { MaintenanceJob, Queues } from '@darkroom/shared/queues';
import { DATA_VERSION } from '@darkroom/shared/render';
import type { Infra, StageJob, StageOutcome } from '../stage/index.ts';

const FIRST_CHECK_MS = 5_000;
/** Shorter than the first check: a chore that is just ending is never mistaken for one that is still to come. */
const SAME_CHORE_MS = 4_000;
const CHECK_EVERY_MS = 15_000;
/** If the balance cannot be read for this long, submissions are resumed anyway: a refused submission costs nothing. */
const RESUME_UNREAD_MS = 300_000;

type ResumeJob = Extract<MaintenanceJob, { chore: 'resume-submissions' }>;

interface ResumeDeps extends Pick<Infra, 'provider' | 'clock' | 'log' | 'metrics'> {
  queues: Queues;
}

/**
 * The account cannot buy: pauses the submit queue and adds a chore that resumes it. An operator's pause has no such chore
 * and is left alone.
 */
export async function pauseSubmissions(deps: ResumeDeps, reason: ResumeJob['reason']): Promise<void> {
  const { queues, clock, log, metrics } = deps;
  // The chore first: without it the pause would have no end.
  const id = `resume-submissions-${Math.floor(clock.now() / SAME_CHORE_MS)}`;
  await queues.maintenance.add(
    'resume-submissions',
    { version: DATA_VERSION, chore: 'resume-submissions', reason, since: clock.now() },
    { jobId: id, delay: FIRST_CHECK_MS, removeOnComplete: true, removeOnFail: true },
  );
  if (await queues.submit.isPaused()) return;
  await queues.submit.pause();
  metrics.accountStops.inc({ reason });
  log.error(
    { alert: true, reason },
    'submissions paused: the account cannot buy; no render is lost, they resume when it can',
  );
}

/** Reads the account's balance once. */
export async function resumeSubmissions(
  job: StageJob<MaintenanceJob> & { data: ResumeJob },
  deps: ResumeDeps,
): Promise<StageOutcome<void, MaintenanceJob>> {
  const answer = await deps.provider.readBalance(job.signal);
  const now = deps.clock.now();
  const resumeUnread = answer.kind === 'unreadable' && now - job.data.since >= RESUME_UNREAD_MS;
  if (answer.kind !== 'usable' && !resumeUnread) {
    deps.log.warn({ account: answer.kind, pausedForMs: now - job.data.since }, 'submissions stay paused');
    return { kind: 'wait', afterMs: CHECK_EVERY_MS, data: job.data };
  }
  await deps.queues.submit.resume();
  deps.log.info({ account: answer.kind }, 'submissions resumed');
  return { kind: 'done', value: undefined };
}
