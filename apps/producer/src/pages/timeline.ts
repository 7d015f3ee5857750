import type { Note } from '@darkroom/shared/render';
import type { RenderSnapshot } from '@darkroom/shared/snapshot';
import { hasEnded } from '../lookup/index.ts';

/** One entry of a timeline. */
export interface Moment {
  /** Unix milliseconds. */
  at: number;
  text: string;
  /** Milliseconds until the next entry. For the last entry of a render that has not ended: until now. */
  took?: number;
}

/**
 * What happened to a render, from its acceptance to its end or until now.
 *
 * @param notes oldest first. Without notes, the timeline is made from the purchases.
 */
export function createTimeline(snapshot: RenderSnapshot, notes: readonly Note[], now: number): Moment[] {
  const { createdAt, updatedAt, status } = snapshot;
  const events = notes.length > 0 ? notes : notesFromPurchases(snapshot);
  const moments: Moment[] = [
    { at: createdAt, text: 'accepted' },
    ...events.map(({ at, text }) => ({ at, text })),
  ];
  const ended = hasEnded(snapshot);
  // The worker notes a failure and a cancellation as the end. It has no note for the end of a completed render.
  if (ended && !/^(dead|canceled)\b/.test(moments.at(-1)?.text ?? ''))
    moments.push({ at: updatedAt, text: status });
  return moments.map((moment, index) => {
    const next = moments[index + 1]?.at ?? (ended ? undefined : now);
    return next === undefined ? moment : { ...moment, took: Math.max(0, next - moment.at) };
  });
}

/** The part of the whole timeline that one entry took, in thousandths: bars of all entries together make a waterfall. */
export interface Bar {
  start: number;
  width: number;
}

/** A bar for each entry that took time. A short one stays visible. */
export function createBars(moments: readonly Moment[]): (Bar | undefined)[] {
  const first = moments[0]?.at ?? 0;
  const end = Math.max(first, ...moments.map(({ at, took = 0 }) => at + took));
  const scale = 1000 / Math.max(1, end - first);
  return moments.map(({ at, took }) => {
    if (took === undefined) return undefined;
    const width = Math.max(MIN_BAR, took * scale);
    const start = Math.min((at - first) * scale, 1000 - width);
    return { start: roundTenth(Math.max(0, start)), width: roundTenth(width) };
  });
}

const MIN_BAR = 4;
const roundTenth = (value: number) => Math.round(value * 10) / 10;

const notesFromPurchases = ({ purchases }: RenderSnapshot): Note[] =>
  purchases.flatMap(({ attempt, acceptedAt, taskId }) =>
    acceptedAt === undefined ? [] : { at: acceptedAt, text: `purchase ${attempt}: accepted as ${taskId}` },
  );

/** `850 ms`, `12.3 s`, `2 min 05 s`, `3 h 07 min`. */
export function formatDuration(ms: number): string {
  if (ms < 999.5) return `${Math.round(ms)} ms`;
  if (ms < 59_950) return `${(ms / 1000).toFixed(1)} s`;
  const seconds = Math.round(ms / 1000);
  const two = (value: number) => String(value).padStart(2, '0');
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${two(seconds % 60)} s`;
  const minutes = Math.round(seconds / 60);
  return `${Math.floor(minutes / 60)} h ${two(minutes % 60)} min`;
}
