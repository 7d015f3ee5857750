import type { MaintenanceJob, Queues } from '@darkroom/shared/queues';
import { DATA_VERSION } from '@darkroom/shared/render';
import type { Clock, Logger } from '@darkroom/shared/runtime';
import type { Provider } from '../providers/index.ts';
import type { Metrics } from '../stage/metrics.ts';
import type { StageJob, StageOutcome } from '../stage/stage.ts';

const FIRST_LOOK_MS = 5_000;
/** Shorter than the first look: a chore that is just ending is never taken for one that is still to come. */
const SAME_CHORE_MS = 4_000;
const LOOK_EVERY_MS = 15_000;
/** Where the balance cannot be read, let one submission try after this long: a refused one costs nothing. */
const BLIND_TRY_MS = 300_000;

type ResumeJob = Extract<MaintenanceJob, { chore: 'resume-submissions' }>;

interface ResumeDeps {
  queues: Queues;
  provider: Provider;
  clock: Clock;
  log: Logger;
  metrics: Metrics;
}

/**
 * The account cannot buy: stops all submissions and leaves a chore that starts them again. The chore is what tells
 * our pause from an operator's: theirs has none and is left alone.
 */
export async function pauseSubmissions(deps: ResumeDeps, reason: ResumeJob['reason']): Promise<void> {
  const { queues, clock, log, metrics } = deps;
  // The chore first: a pause without one would last for ever.
  const id = `resume-submissions-${Math.floor(clock.now() / SAME_CHORE_MS)}`;
  await queues.maintenance.add(
    'resume-submissions',
    { version: DATA_VERSION, chore: 'resume-submissions', reason, since: clock.now() },
    { jobId: id, delay: FIRST_LOOK_MS, removeOnComplete: true, removeOnFail: true },
  );
  if (await queues.submit.isPaused()) return;
  await queues.submit.pause();
  metrics.accountStops.inc({ reason });
  log.error(
    { reason },
    'ALARM: submissions paused, every render is kept; they resume when the account can buy',
  );
}

/** One look at the account. */
export async function resumeSubmissions(
  job: StageJob<MaintenanceJob> & { data: ResumeJob },
  deps: ResumeDeps,
): Promise<StageOutcome<void, MaintenanceJob>> {
  const answer = await deps.provider.balance(job.signal);
  const now = deps.clock.now();
  const blindTry = answer.kind === 'unreadable' && now - job.data.since >= BLIND_TRY_MS;
  if (answer.kind !== 'usable' && !blindTry) {
    deps.log.warn({ account: answer.kind, pausedForMs: now - job.data.since }, 'submissions stay paused');
    return { kind: 'wait', afterMs: LOOK_EVERY_MS, data: job.data };
  }
  await deps.queues.submit.resume();
  deps.log.info({ account: answer.kind }, 'submissions resumed');
  return { kind: 'done', value: undefined };
}
