import type { Engine } from '@darkroom/shared/engine';
import { type ExpiringImages, type Queues, readStoringImages, selectExpiring } from '@darkroom/shared/queues';
import type { Clock } from '@darkroom/shared/runtime';
import type { ReadDeadLetters } from './read-dead-letters.ts';

/** Reads the paid images that are not stored and expire soon. Throws the errors of the engine. */
export type ReadExpiringImages = () => Promise<ExpiringImages>;

/** For the overview, which is read every second, and for each scrape of the metrics. */
const CACHE_MS = 5_000;

export function createExpiringImagesReader(deps: {
  engine: Engine;
  queues: Queues;
  readDeadLetters: ReadDeadLetters;
  clock: Pick<Clock, 'now'>;
}): ReadExpiringImages {
  let last: { at: number; images: Promise<ExpiringImages> } | undefined;
  return () => {
    const now = deps.clock.now();
    if (last && Math.abs(now - last.at) < CACHE_MS) return last.images;
    const images = readImages(deps, now);
    const entry = { at: now, images };
    last = entry;
    images.catch(() => {
      if (last === entry) last = undefined;
    });
    return images;
  };
}

async function readImages(
  { engine, queues, readDeadLetters }: Parameters<typeof createExpiringImagesReader>[0],
  now: number,
): Promise<ExpiringImages> {
  const [storing, letters] = await Promise.all([readStoringImages(engine, queues, now), readDeadLetters()]);
  const failed = letters.flatMap(({ renderId, resultExpiresAt: expiresAt }) =>
    expiresAt === undefined ? [] : [{ renderId, expiresAt }],
  );
  return { storing, failed: selectExpiring(failed, now) };
}
