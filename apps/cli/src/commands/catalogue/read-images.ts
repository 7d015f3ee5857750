import { createHash } from 'node:crypto';
import type { ManifestEntry } from '@darkroom/catalogue';
import type { Host } from '../../host.ts';
import { openProgress } from '../../output/index.ts';
import type { DeliveredRun } from './delivered-run.ts';

/** Images that are read at the same time. Each is in memory. */
const PARALLEL = 8;

/** An image that the manifest has, and what the store has of it. */
export type ReadImage = { entry: ManifestEntry } & (
  | { kind: 'whole'; bytes: Uint8Array }
  /** The caller has the image already. */
  | { kind: 'known' }
  | { kind: 'damaged'; problem: string }
);

/** An image that is not what the manifest says. */
export interface Damage {
  key: string;
  view: string | null;
  name: string;
  object: string;
  problem: string;
}

export const describeDamage = ({ key, view, name, image }: ManifestEntry, problem: string): Damage => ({
  key,
  view,
  name,
  object: image?.key ?? '',
  problem,
});

/**
 * Reads all images of a run, some at the same time, in the order of the manifest, and shows the progress.
 *
 * @param isKnown whether an image need not be read
 */
export async function* readImages(
  { store, items, entries }: DeliveredRun,
  host: Host,
  isKnown: (entry: ManifestEntry) => Promise<boolean> = async () => false,
): AsyncGenerator<ReadImage, void, void> {
  const display = openProgress(host, { unit: 'images' });
  const read = async (entry: ManifestEntry): Promise<ReadImage | undefined> => {
    const { image } = entry;
    if (!image) return undefined;
    if (await isKnown(entry)) return { entry, kind: 'known' };
    const bytes = await store.get(image.key, { signal: host.signal });
    const problem = findProblem(bytes, image);
    return bytes && problem === undefined
      ? { entry, kind: 'whole', bytes }
      : { entry, kind: 'damaged', problem: problem ?? 'is missing' };
  };
  const reading: Promise<ReadImage | undefined>[] = [];
  let done = 0;
  const takeNext = async () => {
    const next = await reading.shift();
    done += 1;
    display.show({ done, total: items });
    return next;
  };
  try {
    for await (const entry of entries()) {
      host.signal.throwIfAborted();
      const next = read(entry);
      // The loop handles the error, unless it ends before.
      next.catch(() => undefined);
      reading.push(next);
      if (reading.length < PARALLEL) continue;
      const image = await takeNext();
      if (image) yield image;
    }
    while (reading.length > 0) {
      const image = await takeNext();
      if (image) yield image;
    }
  } finally {
    display.end();
  }
}

/** @returns `undefined` for the image that the manifest names */
export function findProblem(
  bytes: Uint8Array | undefined,
  image: NonNullable<ManifestEntry['image']>,
): string | undefined {
  if (!bytes) return 'is missing';
  if (bytes.length !== image.bytes) return `has ${bytes.length} bytes, not ${image.bytes}`;
  const digest = createHash('sha256').update(bytes).digest('hex');
  return digest === image.sha256 ? undefined : 'has another SHA-256 than the manifest says';
}
