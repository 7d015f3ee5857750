import type { TaskResult } from '@darkroom/shared/ledger';
import { isStoreAway } from '@darkroom/shared/object-store';
import type { StoreJob, StoreResult } from '@darkroom/shared/queues';
import { createSituation, decide, type Trouble } from '../decide/index.ts';
import { createFailure, type Infra, type StageJob, type StageOutcome } from '../stage/index.ts';
import { NotAnImage } from './decode-image.ts';
import type { Downloader } from './downloader.ts';
import { findStoredImage, storeImage } from './image-object.ts';

/** What the store-image stage alone needs. */
export interface StoreImageDeps {
  downloader: Downloader;
}

type StoreOutcome = StageOutcome<StoreResult, StoreJob>;

/**
 * Downloads and stores one image: download, full decode, put, size read back (I10). It may run twice (I6). The file host
 * decides whether a result has expired: this process's clock may be ahead, so a late result is tried, too. Before the stage
 * reports that the result has expired, it searches the store for the image: an earlier run may have stored it.
 */
export async function storeImageStage(
  job: StageJob<StoreJob>,
  infra: Infra,
  own: StoreImageDeps,
): Promise<StoreOutcome> {
  const { renderId } = job.data;
  try {
    const outcome = await downloadAndStore(job, infra, own);
    return isExpired(outcome) ? ((await reuseStoredImage(job, infra, own)) ?? outcome) : outcome;
  } catch (error) {
    if (job.signal.aborted || !isStoreAway(error)) throw error;
    infra.log.warn({ renderId, err: error.message }, 'store away: the image waits at the provider');
    return applyDecision(job, infra, { kind: 'store_away' }, error.message);
  }
}

async function downloadAndStore(
  job: StageJob<StoreJob>,
  infra: Infra,
  { downloader }: StoreImageDeps,
): Promise<StoreOutcome> {
  const result = await findResult(job, infra);
  if (!result) {
    return applyDecision(job, infra, { kind: 'download_failed' }, 'the URL of the result is not known');
  }
  const answer = await downloader.download(result.url, job.id, job.signal);
  if (job.signal.aborted) throw job.signal.reason;
  infra.metrics.downloads.inc({ answer: answer.kind });
  switch (answer.kind) {
    case 'downloaded':
      try {
        return { kind: 'done', value: { kind: 'stored', image: await storeImage(job, infra, answer.file) } };
      } catch (error) {
        if (!(error instanceof NotAnImage)) throw error;
        return applyDecision(job, infra, { kind: 'download_failed' }, error.message);
      }
    case 'host_refused':
      return applyDecision(job, infra, { kind: 'host_refused' }, answer.reason);
    case 'gone':
      return applyDecision(job, infra, { kind: 'result_gone' }, `download: ${answer.reason}`);
    case 'failed':
      return applyDecision(job, infra, { kind: 'download_failed' }, `download: ${answer.reason}`);
  }
}

const isExpired = (outcome: StoreOutcome) => outcome.kind === 'done' && outcome.value.kind === 'expired';

/** The image of this very task, if an earlier run stored it. It is paid for, so it is not bought again. */
async function reuseStoredImage(
  job: StageJob<StoreJob>,
  infra: Infra,
  { downloader }: StoreImageDeps,
): Promise<StoreOutcome | undefined> {
  const image = await findStoredImage(job, infra, downloader);
  if (!image) return undefined;
  infra.log.info({ renderId: job.data.renderId, key: image.key }, 'result expired: the stored image is used');
  return { kind: 'done', value: { kind: 'stored', image } };
}

/** Where the result is. After a failed try, the provider is asked again: it may have moved. One poll costs less than a timeout. */
async function findResult(job: StageJob<StoreJob>, infra: Infra): Promise<TaskResult | undefined> {
  const { renderId, attempt } = job.data;
  const readNoted = () => infra.ledger.readResult(renderId, attempt, job.signal);
  return job.attemptsMade === 0
    ? ((await readNoted()) ?? (await refreshResult(job, infra)))
    : ((await refreshResult(job, infra)) ?? (await readNoted()));
}

async function refreshResult(job: StageJob<StoreJob>, infra: Infra): Promise<TaskResult | undefined> {
  const { renderId, attempt, taskId, expiresAt } = job.data;
  const answer = await infra.provider.poll(taskId, job.signal);
  if (answer.kind !== 'completed') return undefined;
  const result = { url: answer.url, expiresAt };
  await infra.ledger.writeResult(renderId, attempt, result, job.signal);
  return result;
}

function applyDecision(
  job: StageJob<StoreJob>,
  infra: Infra,
  trouble: Trouble,
  message: string,
): StoreOutcome {
  const { expiresAt: deadlineAt } = job.data;
  // Without `attempt`: the render stage decides whether an expired result is bought again.
  const situation = createSituation(infra, { tries: job.attemptsMade + 1, deadlineAt });
  const decision = decide(trouble, situation);
  switch (decision.kind) {
    case 'retry':
      return { kind: 'retry', afterMs: decision.afterMs, reason: infra.scrub(message) };
    case 'wait':
      return { kind: 'wait', afterMs: decision.afterMs, data: job.data };
    case 'buy-again':
      return { kind: 'done', value: { kind: 'expired' } };
    case 'dead':
      return { kind: 'dead', failure: createFailure(infra, 'store', decision.code, message) };
    case 'hold':
    case 'wait-all':
      throw new Error(`storing an image cannot ${decision.kind}`);
  }
}
