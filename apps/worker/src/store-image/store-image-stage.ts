import { unlink } from 'node:fs/promises';
import type { TaskResult } from '@darkroom/shared/ledger';
import { isStoreAway, StoreError } from '@darkroom/shared/object-store';
import type { StoreJob, StoreResult } from '@darkroom/shared/queues';
import { imageKey, type StoredImage, thumbnailKey } from '@darkroom/shared/render';
import { createSituation, decide, type Trouble } from '../decide/index.ts';
import { createFailure, type Infra, type StageJob, type StageOutcome } from '../stage/index.ts';
import { decodeImage, NotAnImage, streamFile } from './decode-image.ts';
import type { DownloadedFile, Downloader } from './downloader.ts';

/** What the store-image stage alone needs. */
export interface StoreImageDeps {
  downloader: Downloader;
}

type StoreOutcome = StageOutcome<StoreResult, StoreJob>;

/** Downloads and stores one image: download, full decode, put, size read back (I10). It may run twice (I6). */
export async function storeImageStage(
  job: StageJob<StoreJob>,
  infra: Infra,
  { downloader }: StoreImageDeps,
): Promise<StoreOutcome> {
  const { renderId, attempt, expiresAt } = job.data;
  if (infra.clock.now() >= expiresAt) return { kind: 'done', value: { kind: 'expired' } };
  try {
    const result =
      (await refreshResult(job, infra)) ?? (await infra.ledger.readResult(renderId, attempt, job.signal));
    if (!result) throw new Error(`the ledger has no result for ${renderId} attempt ${attempt}`);
    const answer = await downloader.download(result.url, job.id, job.signal);
    if (job.signal.aborted) throw job.signal.reason;
    infra.metrics.downloads.inc({ answer: answer.kind });
    switch (answer.kind) {
      case 'downloaded':
        return { kind: 'done', value: { kind: 'stored', image: await storeImage(job, infra, answer.file) } };
      case 'host_refused':
        return applyDecision(job, infra, { kind: 'host_refused' }, answer.reason);
      case 'gone':
        return applyDecision(job, infra, { kind: 'result_gone' }, `download: ${answer.reason}`);
      case 'failed':
        return applyDecision(job, infra, { kind: 'download_failed' }, `download: ${answer.reason}`);
    }
  } catch (error) {
    if (job.signal.aborted) throw error;
    if (error instanceof NotAnImage) {
      return applyDecision(job, infra, { kind: 'download_failed' }, error.message);
    }
    if (isStoreAway(error)) {
      infra.log.warn({ renderId, err: error.message }, 'store away: the image waits at the provider');
      return applyDecision(job, infra, { kind: 'store_away' }, error.message);
    }
    throw error;
  }
}

/** After a failed try, asks the provider where the result is now: it may have moved. One poll costs less than a timeout. */
async function refreshResult(job: StageJob<StoreJob>, infra: Infra): Promise<TaskResult | undefined> {
  if (job.attemptsMade === 0) return undefined;
  const { renderId, attempt, taskId, expiresAt } = job.data;
  const answer = await infra.provider.poll(taskId, job.signal);
  if (answer.kind !== 'completed') return undefined;
  const result = { url: answer.url, expiresAt };
  await infra.ledger.writeResult(renderId, attempt, result, job.signal);
  return result;
}

async function storeImage(
  job: StageJob<StoreJob>,
  { store, settings, metrics }: Infra,
  file: DownloadedFile,
): Promise<StoredImage> {
  try {
    const { thumbnail, ...decoded } = await decodeImage(file);
    const key = imageKey(settings.IMAGE_KEY, job.data, decoded.contentType);
    const metadata = {
      sha256: file.sha256,
      'render-id': job.data.renderId,
      'task-id': encodeURIComponent(job.data.taskId),
    };
    const options = { signal: job.signal };
    await store.put(
      key,
      { stream: () => streamFile(file.path), size: file.bytes },
      { contentType: decoded.contentType, metadata, ...options },
    );
    const head = await store.head(key, options);
    if (head?.size !== file.bytes) {
      throw new StoreError(
        'unavailable',
        `${key} reads back as ${head?.size ?? 'missing'}, not ${file.bytes} bytes`,
      );
    }
    await store.put(thumbnailKey(job.data.renderId), thumbnail, { contentType: 'image/webp', ...options });
    metrics.storedBytes.inc(file.bytes);
    return {
      key,
      sha256: file.sha256,
      bytes: file.bytes,
      ...decoded,
      thumbnailKey: thumbnailKey(job.data.renderId),
    };
  } finally {
    // Not `rm`, which costs a `stat`. A file that stays is deleted when the worker starts again.
    await unlink(file.path).catch(() => undefined);
  }
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
