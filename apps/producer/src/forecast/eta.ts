import type { RenderSnapshot } from '@darkroom/shared/snapshot';

/** What an estimate is made from. Times in milliseconds. */
export interface EtaFacts {
  /** Unix milliseconds. */
  now: number;
  /** The position in the queue, from 1, for a render that waits for its submission. */
  position: number | undefined;
  submissionsPaused: boolean;
  submitsPerSecond: number;
  /** How long recent renders took from their acceptance by the provider to the stored image, in ascending order. */
  durations: readonly number[];
}

/** An estimate of when the image is ready, in Unix milliseconds. `undefined` without a basis for one. Pure. */
export function estimateEta(
  { status, purchases }: Pick<RenderSnapshot, 'status' | 'purchases'>,
  { now, position, submissionsPaused, submitsPerSecond, durations }: EtaFacts,
): number | undefined {
  if (status === 'queued') {
    if (submissionsPaused || position === undefined) return undefined;
    const duration = median(durations);
    return duration === undefined ? undefined : now + (position / submitsPerSecond) * 1000 + duration;
  }
  if (status !== 'rendering' && status !== 'storing') return undefined;
  const acceptedAt = purchases.findLast(({ outcome }) => outcome === 'accepted')?.acceptedAt;
  if (acceptedAt === undefined) return undefined;
  // Only renders that took longer than this one has taken so far say how long it still takes.
  const duration = median(durations.filter((one) => one > now - acceptedAt));
  return duration === undefined ? undefined : acceptedAt + duration;
}

const median = (ascending: readonly number[]): number | undefined =>
  ascending[Math.floor(ascending.length / 2)];
