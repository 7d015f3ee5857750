import { isStoreAway } from '@darkroom/shared/object-store';
import { deleteOtherProofs, type RestoreJob, type RestoreReport } from '@darkroom/shared/queues';
import type { Metrics, StageJob, StageOutcome } from '../stage/index.ts';
import { type RestoreDeps, restoreQueue } from './restore-queue.ts';

export interface RestoreStageDeps extends RestoreDeps {
  metrics: Metrics;
  /** Sets up again what is set up once: schedulers. Idempotent. */
  setUp(): Promise<void>;
}

/** How long a restore waits for a store that is away. */
const STORE_RETRY_MS = 2_000;

/**
 * Completes the queue after the engine was restarted, replaced or emptied. The completed job is the proof that the queue
 * has everything that was accepted. A run that is interrupted continues after the last group.
 */
export async function restoreStage(
  job: StageJob<RestoreJob>,
  deps: RestoreStageDeps,
): Promise<StageOutcome<RestoreReport, RestoreJob>> {
  const { log, metrics, queues } = deps;
  const { identity, reason } = job.data;
  let data = job.data;
  try {
    await deps.setUp();
    const report = await restoreQueue(deps, {
      apply: true,
      position: data.position,
      report: data.report,
      signal: job.signal,
      onGroup: async (position, { total, done, report: present }) => {
        data = { ...data, position, report: present, percent: Math.floor((100 * done) / total) };
        await job.save(data);
      },
    });
    await deleteOtherProofs(queues, identity);
    const added = countAdded(report);
    for (const [step, count] of Object.entries(report.added)) metrics.restored.inc({ step }, count);
    metrics.restores.inc({ outcome: added > 0 ? 'renders_added' : 'nothing_lost' });
    const fields = { reason, ...report };
    // The renders are back: a warning, so that only an alert on the field wakes anyone.
    if (added > 0) log.warn({ alert: true, ...fields }, 'queue restored: it had lost renders');
    else log.info(fields, 'queue checked: it has lost nothing');
    return { kind: 'done', value: report };
  } catch (error) {
    if (job.signal.aborted || !isStoreAway(error)) throw error;
    log.warn({ err: error.message }, 'store away: the restore waits');
    return { kind: 'wait', afterMs: STORE_RETRY_MS, data };
  }
}

const countAdded = ({ added }: RestoreReport): number =>
  Object.values(added).reduce((sum, count) => sum + count, 0);
