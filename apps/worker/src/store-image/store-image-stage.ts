import { unlink } from 'node:fs/promises';
import { type TaskResult } from '@darkroom/shared/ledger';
import { StoreError } from '@darkroom/shared/object-store';
import { type StoreJob, type StoreResult } from '@darkroom/shared/queues';
import { imageKey, type StoredImage, thumbnailKey } from '@darkroom/shared/render';
import { decide, type Trouble } from '../decide/index.ts';
import { createFailure, limitsOf } from '../render/index.ts';
import type { StageJob, StageOutcome } from '../stage/stage.ts';
import { decodeImage, NotAnImage, streamFile } from './decode-image.ts';
import type { StoreDeps } from './deps.ts';
import type { Downloaded } from './downloader.ts';

type StoreOutcome = StageOutcome<StoreResult, StoreJob>;

/** Brings one image home: download, full decode, put, size read back (I10). Safe to run twice. */
export async function storeImageStage(job: StageJob<StoreJob>, deps: StoreDeps): Promise<StoreOutcome> {
  const { renderId, attempt } = job.data;
  if (deps.clock.now() >= job.data.expiresAt) return { kind: 'done', value: { kind: 'expired' } };
  try {
    const result =
      (await refreshResult(job, deps)) ?? (await deps.ledger.readResult(renderId, attempt, job.signal));
    if (!result) throw new Error(`the ledger has no result for ${renderId} attempt ${attempt}`);
    const answer = await deps.downloader.download(result.url, job.id, job.signal);
    if (job.signal.aborted) throw job.signal.reason;
    deps.metrics.downloads.inc({ answer: answer.kind });
    switch (answer.kind) {
      case 'downloaded':
        return { kind: 'done', value: { kind: 'stored', image: await storeImage(job, deps, answer.file) } };
      case 'host_refused':
        return applyDecision(job, deps, { kind: 'host_refused' }, answer.reason);
      case 'gone':
        return applyDecision(job, deps, { kind: 'result_gone' }, `download: ${answer.reason}`);
      case 'failed':
        return applyDecision(job, deps, { kind: 'download_failed' }, `download: ${answer.reason}`);
    }
  } catch (error) {
    if (job.signal.aborted) throw error;
    if (error instanceof NotAnImage)
      return applyDecision(job, deps, { kind: 'download_failed' }, error.message);
    if (error instanceof StoreError && (error.code === 'unavailable' || error.code === 'denied')) {
      deps.log.warn({ renderId, err: error.message }, 'store away, the image waits at the provider');
      return applyDecision(job, deps, { kind: 'own_parts_away' }, error.message);
    }
    throw error;
  }
}

/**
 * After a try that failed, where the provider says the result is now: it may have moved. A look costs less than
 * waiting for a host that is gone.
 */
async function refreshResult(job: StageJob<StoreJob>, deps: StoreDeps): Promise<TaskResult | undefined> {
  if (job.attemptsMade === 0) return undefined;
  const { renderId, attempt, taskId, expiresAt } = job.data;
  const answer = await deps.provider.status(taskId, job.signal);
  if (answer.kind !== 'completed') return undefined;
  const result = { url: answer.url, expiresAt };
  await deps.ledger.writeResult(renderId, attempt, result, job.signal);
  return result;
}

async function storeImage(job: StageJob<StoreJob>, deps: StoreDeps, file: Downloaded): Promise<StoredImage> {
  const { store, settings } = deps;
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
    deps.metrics.storedBytes.inc(file.bytes);
    return {
      key,
      sha256: file.sha256,
      bytes: file.bytes,
      ...decoded,
      thumbnailKey: thumbnailKey(job.data.renderId),
    };
  } finally {
    // Not `rm`, which looks first. What stays is swept away by the next start.
    await unlink(file.path).catch(() => undefined);
  }
}

function applyDecision(
  job: StageJob<StoreJob>,
  deps: StoreDeps,
  trouble: Trouble,
  message: string,
): StoreOutcome {
  const decision = decide(trouble, {
    now: deps.clock.now(),
    random: deps.clock.random(),
    tries: job.attemptsMade + 1,
    // Whether an expired result may be bought again is the render's to decide.
    attempt: 0,
    deadlineAt: job.data.expiresAt,
    limits: limitsOf(deps.settings),
  });
  switch (decision.kind) {
    case 'retry':
      return { kind: 'retry', afterMs: decision.afterMs, reason: deps.scrub(message) };
    case 'wait':
      return { kind: 'wait', afterMs: decision.afterMs, data: job.data };
    case 'buy-again':
      return { kind: 'done', value: { kind: 'expired' } };
    case 'dead':
      return { kind: 'dead', failure: createFailure(deps, 'store', decision.code, message) };
    case 'hold':
      throw new Error('storing cannot hold');
  }
}
