import type { Provider } from '@darkroom/providers';
import type { Settings } from '@darkroom/shared/config';
import type { Engine } from '@darkroom/shared/engine';
import type { ObjectStore } from '@darkroom/shared/object-store';
import type { Queues } from '@darkroom/shared/queues';
import { type Clock, errorMessage } from '@darkroom/shared/runtime';

export type CheckStatus = 'ok' | 'warn' | 'fail';

/** One line of the report. */
export interface Check {
  name: string;
  status: CheckStatus;
  /** What was found. */
  message: string;
  /** What to do. Absent for `ok`. */
  remedy?: string;
  /** More facts, one line each. */
  details?: string[];
}

/** What the checks look at. A part that could not be opened is absent, and its check says why. */
export interface Patient {
  settings: Settings;
  clock: Clock;
  engine?: Engine;
  queues?: Queues;
  store?: ObjectStore;
  provider?: Provider;
  signal: AbortSignal;
}

/** The time limit of one question to a server. */
export const ANSWER_MS = 10_000;

export const ok = (name: string, message: string, details?: string[]): Check => ({
  name,
  status: 'ok',
  message,
  ...(details ? { details } : {}),
});
export const warn = (name: string, message: string, remedy: string): Check => ({
  name,
  status: 'warn',
  message,
  remedy,
});
export const fail = (name: string, message: string, remedy: string): Check => ({
  name,
  status: 'fail',
  message,
  remedy,
});

/** Runs a check. An error becomes a failed line, so that the other checks still run. */
export async function runCheck(
  name: string,
  remedy: string,
  check: () => Promise<Check | Check[]>,
): Promise<Check[]> {
  try {
    return [await check()].flat();
  } catch (error) {
    return [fail(name, errorMessage(error), remedy)];
  }
}
