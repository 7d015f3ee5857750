import { createProblemList, parseCatalogueFile, type RunSummary } from '@darkroom/catalogue';
import { isStoreAway } from '@darkroom/shared/object-store';
import type { CatalogueJob } from '@darkroom/shared/queues';
import { errorMessage } from '@darkroom/shared/runtime';
import { type Infra, mustHandBack, type StageJob, type StageOutcome } from '../stage/index.ts';
import { deliverRun, publishRun, stopRun } from './deliver-run.ts';
import { lockCatalogue } from './lock-catalogue.ts';
import { planRetry } from './plan-retry.ts';
import { planRun } from './plan-run.ts';
import { renderItems } from './render-items.ts';
import type { CatalogueDeps, RunContext } from './run-context.ts';

const AWAY_MS = 2_000;
/** How long a run waits for another one of its catalogue. */
const OTHER_RUN_MS = 2_000;
/** After an unexpected error. The run holds paid images, so it never gives up. */
const ERROR_MS = 30_000;

type Outcome = StageOutcome<void, CatalogueJob>;

/**
 * One run of a catalogue: plan, render, deliver. Everything that it needs is in the store, so it goes on after its worker
 * was killed, and after the queue was lost. The job says only what people see.
 */
export async function catalogueStage(
  job: StageJob<CatalogueJob>,
  infra: Infra,
  own: CatalogueDeps,
): Promise<Outcome> {
  let data = job.data;
  const save = async (change: Partial<CatalogueJob>) => {
    const { waits: _, ...shown } = data;
    data = { ...shown, ...change };
    await job.save(data);
  };
  const wait = (afterMs: number, waits: string): Outcome => ({
    kind: 'wait',
    afterMs,
    data: { ...data, waits },
  });
  try {
    if (await own.isIncomplete()) return wait(AWAY_MS, 'the queue is being restored');
    const { tenant, catalogue, run } = data;
    const id = { tenant, catalogue, run };
    const request = await own.runs.readRequest(id, { signal: job.signal });
    if (!request) throw new Error(`the request of the run ${run} of ${catalogue} is missing in the store`);
    // A file with problems stops the run when it is planned.
    const file = parseCatalogueFile(Buffer.from(request.file), createProblemList());
    const sourceType = file?.config.image_metadata?.digital_source_type ?? null;
    const context = { id, request, sourceType, job, infra, own };
    const ended = await own.runs.readSummary(id, { signal: job.signal });
    if (ended) return await endRun(ended, context);
    const isPlanned = await own.runs.readPlan(id, { signal: job.signal });
    const other = isPlanned ? undefined : await lockCatalogue(context);
    if (other?.kind === 'wait') return wait(OTHER_RUN_MS, other.reason);
    if (other) {
      const problems = { count: 0, listed: [] };
      return await endRun(
        await stopRun({ reason: other.reason, problems, plan: undefined }, context),
        context,
      );
    }
    return await endRun(await runPhases(context, save), context);
  } catch (error) {
    if (job.signal.aborted || mustHandBack(error)) throw error;
    if (isStoreAway(error)) {
      infra.log.warn({ run: job.id, err: error.message }, 'store away: the catalogue run waits');
      return wait(AWAY_MS, 'the store is away');
    }
    infra.log.error({ run: job.id, err: error, alert: true }, 'catalogue run waits: unexpected error');
    return wait(ERROR_MS, `unexpected error: ${infra.scrub(errorMessage(error))}`);
  }
}

async function runPhases(
  context: RunContext,
  save: (change: Partial<CatalogueJob>) => Promise<void>,
): Promise<RunSummary> {
  const { id, infra, own, job } = context;
  await own.runs.markBegun(id, infra.clock.now(), { signal: job.signal });
  await save({ startedAt: job.data.startedAt ?? infra.clock.now() });
  let plan = await own.runs.readPlan(id, { signal: job.signal });
  if (!plan) {
    const { retry } = context.request;
    const outcome = await (retry ? planRetry(retry, context) : planRun(context));
    if (outcome.kind === 'stopped') return await stopRun(outcome, context);
    plan = outcome.plan;
  }
  const rendered = await renderItems(plan, context, save);
  await save({ phase: 'deliver' });
  return await deliverRun(plan, rendered, context);
}

/** What follows the summary. A run that was killed after it wrote the summary does this again. */
async function endRun(summary: RunSummary, context: RunContext): Promise<Outcome> {
  const { id, infra, own, job } = context;
  await publishRun(summary, context);
  await reportEnd(summary, context);
  await own.runs.removeOpen(id, { signal: job.signal });
  const { status, reason, counts, cost } = summary;
  infra.metrics.catalogueRuns.inc({ outcome: status });
  infra.log.info({ ...id, status, reason, counts, cost }, 'catalogue run ended');
  return { kind: 'done', value: undefined };
}

/** After `latest.json`, so that a receiver finds the run there. */
async function reportEnd({ ended_at: endedAt }: RunSummary, { id, request, own, job }: RunContext) {
  const config = parseCatalogueFile(Buffer.from(request.file), createProblemList())?.config;
  const url = config?.notifications?.webhook_url;
  if (url !== undefined) await own.enqueueWebhook({ ...id, endedAt: Date.parse(endedAt) }, url, job.signal);
}

/** Items that have ended, in percent. */
export function computeRunProgress({ progress, phase }: CatalogueJob): number {
  if (!progress) return phase === 'deliver' ? 100 : 0;
  return progress.items === 0 ? 100 : Math.floor((100 * progress.ended) / progress.items);
}
