import type { RedriveItemStatus, SkipReason } from '@darkroom/api';
import type { PartCounts } from '../queues/index.ts';

/**
 * The state of one render of a redrive, as one character:
 * `.` not read yet; `p` about to be started; `s` started, has not ended;
 * skipped: `c` changed, `n` not found, `a` acknowledgement needed, `e` its result expired;
 * ended: `d` completed, `x` canceled, `f` failed again
 */
export type Mark = '.' | 'p' | 's' | 'c' | 'n' | 'a' | 'e' | 'd' | 'x' | 'f';

export const SKIP_MARK = {
  changed: 'c',
  not_found: 'n',
  acknowledgement_needed: 'a',
  result_expired: 'e',
} as const satisfies Record<SkipReason, Mark>;

const STATUS_OF = {
  '.': 'waiting',
  p: 'waiting',
  s: 'running',
  c: 'skipped',
  n: 'skipped',
  a: 'skipped',
  e: 'skipped',
  d: 'done',
  x: 'canceled',
  f: 'failed',
} as const satisfies Record<Mark, RedriveItemStatus>;

const isMark = (text: string): text is Mark => text in STATUS_OF;

/** The mark of a render. Renders after the end of the marks were not read yet. */
export function readMark(marks: string, index: number): Mark {
  const mark = marks[index] ?? '.';
  if (!isMark(mark)) throw new Error(`the mark ${mark} is unknown`);
  return mark;
}

export const itemStatus = (mark: Mark): RedriveItemStatus => STATUS_OF[mark];

export const skipReason = (mark: Mark): SkipReason | undefined =>
  (Object.keys(SKIP_MARK) as SkipReason[]).find((reason) => SKIP_MARK[reason] === mark);

/** Whether the redrive has started the render, or is about to. */
export const isStarted = (mark: Mark) => ['p', 's', 'd', 'x', 'f'].includes(mark);

export const NO_COUNTS: PartCounts = [0, 0, 0, 0, 0, 0];

/** @param priceOf what the redrive pays for the render with this index, in micro-dollars; `undefined`: it is not bought. */
export function countMarks(marks: string, priceOf: (index: number) => number | undefined): PartCounts {
  const counts: PartCounts = [...NO_COUNTS];
  for (let index = 0; index < marks.length; index += 1) {
    const mark = readMark(marks, index);
    if (isStarted(mark)) {
      counts[0] += 1;
      const price = priceOf(index);
      if (price !== undefined) {
        counts[4] += 1;
        counts[5] += price;
      }
    }
    if (mark === 'd' || mark === 'x') counts[1] += 1;
    if (STATUS_OF[mark] === 'skipped') counts[2] += 1;
    if (mark === 'f') counts[3] += 1;
  }
  return counts;
}

export const sumCounts = (parts: readonly PartCounts[]): PartCounts =>
  parts.reduce((sum, part) => sum.map((count, at) => count + (part[at] ?? 0)) as PartCounts, NO_COUNTS);

/** Renders that were started and have not ended. */
export const countRunning = ([started, done, , failed]: PartCounts) => started - done - failed;

/**
 * The marks of the job and of the store as one: a run that was killed may have written only one of them. An end counts
 * before a start, and the store is written first.
 */
export function mergeMarks(inJob: string, inStore: string): string {
  const length = Math.max(inJob.length, inStore.length);
  return Array.from({ length }, (_, index) => {
    const stored = readMark(inStore, index);
    const own = readMark(inJob, index);
    return ['d', 'x', 'f'].includes(stored) || own === '.' ? stored : own;
  }).join('');
}
