import type { BalanceReading } from '@darkroom/shared/balance';
import type { BalanceChange } from './judge.ts';

/** The readings at both edges, and all between them, in the order of their times. */
export interface Window {
  before: BalanceReading;
  after: BalanceReading;
  between: BalanceReading[];
}

/** When a reading counts as an edge at which nothing moved. */
export interface QuietRule {
  /** How long the balance must not move before and after it. */
  edgeMs: number;
  /** Unix milliseconds: the time of the reconciliation. */
  now: number;
}

/** How far before a day border a reading is preferred at which the balance did not move. */
const SEARCH_MS = 6 * 3_600_000;

/**
 * Chooses the readings for a period: at each edge, the last reading before it at which the balance did not move, or else
 * the last one. So the windows of days that follow each other touch, and each purchase is in exactly one. Pure.
 *
 * @param readings of one account, in the order of their times
 * @returns `undefined` if there are no two readings
 */
export function chooseWindow(
  readings: readonly BalanceReading[],
  { from, to }: { from: number; to: number },
  quiet: QuietRule,
): Window | undefined {
  const findLast = (edge: number) => readings.findLastIndex(({ at }) => at <= edge);
  const pick = (edge: number): number => {
    const last = findLast(edge);
    for (let index = last; index >= 0; index -= 1) {
      if ((readings[index]?.at ?? 0) < edge - SEARCH_MS) break;
      if (isQuiet(readings, index, quiet)) return index;
    }
    return last;
  };
  // A period that lasts until now ends with the reading of now.
  const picked = to >= quiet.now ? readings.length - 1 : pick(to);
  // The account may be newer than the period.
  const start = Math.max(0, pick(from));
  const end = picked > start ? picked : findLast(to);
  const [before, after] = [readings[start], readings[end]];
  if (!before || !after || start >= end) return undefined;
  return { before, after, between: readings.slice(start, end + 1) };
}

/** Whether the balance did not move around a reading. A reading that was just made has no time after it. */
export function isQuiet(
  readings: readonly BalanceReading[],
  index: number,
  { edgeMs, now }: QuietRule,
): boolean {
  const reading = readings[index];
  if (!reading) return false;
  const isSame = (step: 1 | -1): boolean => {
    for (let at = index + step; ; at += step) {
      const other = readings[at];
      if (!other) return step === 1 && now - reading.at < edgeMs;
      if (other.micros !== reading.micros) return false;
      if (Math.abs(other.at - reading.at) >= edgeMs) return true;
    }
  };
  return isSame(-1) && isSame(1);
}

/** What the readings of a window say. */
export function describeChange(
  readings: readonly BalanceReading[],
  { before, after, between }: Window,
  { topUpsMicros, ...quiet }: QuietRule & { topUpsMicros: number },
): BalanceChange {
  const risenMicros = between.reduce((sum, { micros }, at) => {
    const rise = micros - (between[at - 1]?.micros ?? micros);
    return sum + Math.max(0, rise);
  }, 0);
  return {
    beforeMicros: before.micros,
    afterMicros: after.micros,
    topUpsMicros,
    risenMicros,
    isBeforeQuiet: isQuiet(readings, readings.indexOf(before), quiet),
    isAfterQuiet: isQuiet(readings, readings.indexOf(after), quiet),
  };
}
