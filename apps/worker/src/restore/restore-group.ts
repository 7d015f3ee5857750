import type { Provider } from '@darkroom/providers';
import type { Engine } from '@darkroom/shared/engine';
import { isStoreAway } from '@darkroom/shared/object-store';
import { QUEUE, type Queues, type RestoreReport, renderJob } from '@darkroom/shared/queues';
import {
  type Checkpoint,
  DATA_VERSION,
  formatNote,
  type Receipt,
  runEndPrefix,
} from '@darkroom/shared/render';
import { placeCheckpoint } from '@darkroom/shared/runs';
import pMap from 'p-map';
import { type Infra, isEngineError } from '../stage/index.ts';
import { countWebhooks } from '../webhooks/index.ts';
import { checkpointFromReceipt, type LostRender, type Reconstruction, reconstruct } from './reconstruct.ts';

export interface RestoreDeps extends Pick<Infra, 'settings' | 'clock' | 'log' | 'ledger' | 'store'> {
  provider: Pick<Provider, 'priceMicros'>;
  engine: Engine;
  queues: Queues;
  /** Enqueues the webhooks of an end. */
  enqueueWebhooks(receipt: Receipt, signal: AbortSignal): Promise<void>;
}

/** A render that the queue may have lost. Without `first`, its receipt must exist. */
export interface Candidate {
  renderId: string;
  /** Its first checkpoint, from the journal. */
  first?: Checkpoint;
}

export interface GroupOptions {
  report: RestoreReport;
  /** `false`: counts what a restore would do, and changes nothing. */
  apply: boolean;
  signal: AbortSignal;
}

/** Renders whose history is read at the same time. */
const PARALLEL = 16;

/**
 * A webhook is sent again for about a day. The restore enqueues no webhook for an end that is older than this, so that
 * receivers do not hear of old renders again.
 */
const WEBHOOK_AGE_MS = 48 * 3600_000;

/** The renders of a group, of which the queue has not lost all. Adds the lost ones and counts all in the report. */
export async function restoreGroup(
  candidates: readonly Candidate[],
  deps: RestoreDeps,
  options: GroupOptions,
): Promise<void> {
  const { engine } = deps;
  const { report, signal } = options;
  const unique = [...new Map(candidates.toReversed().map((one) => [one.renderId, one])).values()].reverse();
  const existing = await engine.findExistingJobs(
    QUEUE.render,
    unique.map(({ renderId }) => renderId),
  );
  const lost = unique.filter(({ renderId }) => !existing.has(renderId));
  report.read += unique.length;
  report.present += unique.length - lost.length;
  const found = await pMap(lost, (candidate) => reconstructOne(candidate, deps, options), {
    concurrency: PARALLEL,
    signal,
  });
  await addRenders(
    found.flatMap((one) => one ?? []),
    deps,
    options,
  );
}

interface Reconstructed {
  reconstruction: Reconstruction;
  receipt: Receipt | undefined;
  fromJournal: boolean;
}

async function reconstructOne(
  { renderId, first }: Candidate,
  deps: RestoreDeps,
  { report, signal }: GroupOptions,
): Promise<Reconstructed | undefined> {
  const { ledger, provider, settings, clock, log } = deps;
  try {
    const receipt = await ledger.readReceipt(renderId, signal);
    const start = first ?? (receipt && checkpointFromReceipt(receipt));
    if (!start) return undefined;
    const isOver = receipt && receipt.status !== 'failed';
    const history = isOver
      ? { attempts: [], cancelRequest: undefined }
      : await ledger.readHistory(renderId, signal);
    const render: LostRender = { first: start, receipt, history };
    const reconstruction = reconstruct(render, {
      now: clock.now(),
      taskDeadlineMs: settings.TASK_DEADLINE_MS,
      unknownGraceMs: settings.UNKNOWN_GRACE_MS,
      priceMicros: provider.priceMicros(start.request),
    });
    return { reconstruction, receipt, fromJournal: first !== undefined };
  } catch (error) {
    if (signal.aborted || isStoreAway(error) || isEngineError(error)) throw error;
    report.unreadable += 1;
    log.error({ renderId, err: error }, 'restore: render left out: unreadable');
    return undefined;
  }
}

async function addRenders(
  found: Reconstructed[],
  deps: RestoreDeps,
  { report, apply, signal }: GroupOptions,
): Promise<void> {
  const { queues, clock, settings, enqueueWebhooks } = deps;
  for (const { reconstruction, receipt, fromJournal } of found) {
    const isDue =
      fromJournal && receipt && !receipt.redrivenAt && receipt.finishedAt > clock.now() - WEBHOOK_AGE_MS;
    if (isDue) report.webhooks += countWebhooks(settings, receipt);
    if (isDue && apply) await enqueueWebhooks(receipt, signal);
    if (reconstruction.kind === 'ended') report.ended += 1;
  }
  const additions = found.flatMap(({ reconstruction, receipt }) =>
    reconstruction.kind === 'add' ? [{ ...reconstruction, receipt }] : [],
  );
  const canceled = additions.filter(({ cancelRequestedAt }) => cancelRequestedAt !== undefined);
  if (apply && additions.length > 0) {
    for (const { checkpoint, receipt } of additions)
      if (checkpoint.inRun && checkpoint.at.step !== 'bury')
        await countAgain(checkpoint, receipt, deps, signal);
    // Before the jobs: a run of a job reads its marker before it buys.
    await queues.cancel.addBulk(
      canceled.map(({ checkpoint: { renderId, tenant }, cancelRequestedAt = 0 }) => ({
        name: 'cancel',
        data: { version: DATA_VERSION, renderId, tenant, requestedAt: cancelRequestedAt },
        opts: { jobId: renderId },
      })),
    );
    const jobs = await queues.render.addBulk(additions.map(({ checkpoint }) => renderJob(checkpoint)));
    const note = (text: string) => formatNote({ at: clock.now(), text });
    await pMap(
      jobs.entries(),
      async ([at, job]) => {
        for (const earlier of additions[at]?.receipt?.notes ?? []) await job.log(formatNote(earlier));
        await job.log(note(`restored: goes on at ${additions[at]?.checkpoint.at.step}`));
      },
      { concurrency: PARALLEL },
    );
  }
  report.cancels += canceled.length;
  for (const { checkpoint } of additions) report.added[countedStep(checkpoint)] += 1;
}

/**
 * Counts a render of a run again. The worker that wrote an end may have died before it wrote the receipt: then the render has
 * not ended, and the object that says so is deleted.
 */
async function countAgain(
  checkpoint: Checkpoint,
  receipt: Receipt | undefined,
  { engine, store }: RestoreDeps,
  signal: AbortSignal,
): Promise<void> {
  const { renderId, tenant, request, endsBefore = 0 } = checkpoint;
  const id = request.run;
  if (id === undefined) return;
  if (!receipt) {
    const { objects } = await store.list({ prefix: `${runEndPrefix(tenant, id)}${renderId}.`, signal });
    for (const { key } of objects) await store.delete(key, { signal });
  }
  await engine.runTallies.change({ tenant, id }, 'fill', [placeCheckpoint(checkpoint, endsBefore)]);
}

/** A redriven render can go on at any step. The report counts the steps before the task as `submit`. */
function countedStep({ at }: Checkpoint): keyof RestoreReport['added'] {
  switch (at.step) {
    case 'hold':
      return 'hold';
    case 'bury':
      return 'bury';
    case 'poll':
    case 'store':
    case 'finish':
      return 'poll';
    case 'submit':
    case 'cancel':
      return 'submit';
  }
}
