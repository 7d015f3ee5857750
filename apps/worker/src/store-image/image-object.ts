import { unlink } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { type ObjectInfo, StoreError } from '@darkroom/shared/object-store';
import type { StoreJob } from '@darkroom/shared/queues';
import { imageKey, type StoredImage, thumbnailKey } from '@darkroom/shared/render';
import { errorMessage } from '@darkroom/shared/runtime';
import type { Infra, StageJob } from '../stage/index.ts';
import { type DecodedImage, decodeImage, IMAGE_TYPES, NotAnImage, streamFile } from './decode-image.ts';
import type { Downloader, ResultFile } from './downloader.ts';
import { computeMaxPixels, findWarnings } from './requested-size.ts';

/** Stores a downloaded image and its thumbnail. @throws {NotAnImage} */
export async function storeImage(
  job: StageJob<StoreJob>,
  { store, settings, metrics }: Infra,
  file: ResultFile,
): Promise<StoredImage> {
  try {
    const decoded = await decodeImage(file, computeMaxPixels(job.data.requested));
    const key = imageKey(settings.IMAGE_KEY, job.data, decoded.contentType);
    const options = { signal: job.signal };
    await store.put(
      key,
      { stream: () => streamFile(file.path), size: file.bytes },
      { contentType: decoded.contentType, metadata: createMetadata(job.data, file), ...options },
    );
    const head = await store.head(key, options);
    if (head?.size !== file.bytes) {
      throw new StoreError(
        'unavailable',
        `${key} reads back as ${head?.size ?? 'missing'}, not ${file.bytes} bytes`,
      );
    }
    const image = await putThumbnail(job, { store }, { key, file, decoded });
    metrics.storedBytes.inc(file.bytes);
    return image;
  } finally {
    await removeFile(file);
  }
}

/**
 * Finds the image of this task in the store and checks it as if it were downloaded: size, digest, full decode. An object of
 * another task, or a damaged one, is left alone.
 *
 * @returns `undefined` when the store does not have it
 */
export async function findStoredImage(
  job: StageJob<StoreJob>,
  infra: Pick<Infra, 'store' | 'settings' | 'log'>,
  downloader: Downloader,
): Promise<StoredImage | undefined> {
  const { store, settings } = infra;
  const options = { signal: job.signal };
  // The key depends on the type, and the type is known only after the download.
  const keys = new Set([...IMAGE_TYPES].map((type) => imageKey(settings.IMAGE_KEY, job.data, type)));
  for (const key of keys) {
    const info = await store.head(key, options);
    if (!info || !isOfTask(info, job.data)) continue;
    const opened = await store.getStream(key, options);
    if (!opened) continue;
    const file = await saveObject(job, downloader, opened.stream);
    try {
      if (file.bytes !== info.size || file.sha256 !== info.metadata['sha256'])
        throw new NotAnImage(`its digest is ${file.sha256}, not ${info.metadata['sha256']}`);
      const decoded = await decodeImage(file, computeMaxPixels(job.data.requested));
      return await putThumbnail(job, infra, { key, file, decoded });
    } catch (error) {
      if (!(error instanceof NotAnImage)) throw error;
      infra.log.warn({ renderId: job.data.renderId, key, err: error.message }, 'stored image is damaged');
    } finally {
      await removeFile(file);
    }
  }
  return undefined;
}

/** Without room on this worker's disk the image stays where it is, and the render waits. */
async function saveObject(
  { id, signal }: StageJob<StoreJob>,
  downloader: Downloader,
  stream: Readable,
): Promise<ResultFile> {
  try {
    return await downloader.saveStream(stream, id);
  } catch (error) {
    if (signal.aborted || error instanceof StoreError) throw error;
    throw new StoreError('unavailable', `stored image not copied to disk: ${errorMessage(error)}`, {
      cause: error,
    });
  }
}

async function putThumbnail(
  job: StageJob<StoreJob>,
  { store }: Pick<Infra, 'store'>,
  { key, file, decoded }: { key: string; file: ResultFile; decoded: DecodedImage },
): Promise<StoredImage> {
  const { thumbnail, ...facts } = decoded;
  const warnings = findWarnings(decoded, job.data.requested);
  const to = thumbnailKey(job.data.renderId);
  await store.put(to, thumbnail, { contentType: 'image/webp', signal: job.signal });
  const image = { key, sha256: file.sha256, bytes: file.bytes, ...facts, thumbnailKey: to };
  return warnings.length > 0 ? { ...image, warnings } : image;
}

const createMetadata = ({ renderId, taskId }: StoreJob, { sha256 }: ResultFile) => ({
  sha256,
  'render-id': renderId,
  'task-id': encodeURIComponent(taskId),
});

const isOfTask = ({ metadata }: ObjectInfo, { renderId, taskId }: StoreJob) =>
  metadata['render-id'] === renderId && metadata['task-id'] === encodeURIComponent(taskId);

/** Not `rm`, which costs a `stat`. A file that stays is deleted when the worker starts again. */
const removeFile = (file: ResultFile) => unlink(file.path).catch(() => undefined);
