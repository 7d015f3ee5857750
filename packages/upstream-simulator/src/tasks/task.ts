import type { Micros } from '../money.ts';

export const RESOLUTIONS = ['1K', '2K', '4K'] as const;
export type Resolution = (typeof RESOLUTIONS)[number];

export const SIZES = ['1:1', '2:3', '3:2', '3:4', '4:3', '4:5', '5:4', '9:16', '16:9', '21:9'] as const;
export type Size = (typeof SIZES)[number];

export type FinalStatus = 'completed' | 'failed';
export type TaskStatus = 'queued' | 'in_progress' | FinalStatus;

export interface TaskError {
  code: string;
  message: string;
}

/** How a task will end. It is decided when the task is created: what happens later follows from the time alone. */
export type Outcome = { kind: 'completed' } | { kind: 'failed'; error: TaskError } | { kind: 'stuck' };

/** What may be said instead of the true status. */
export interface StatusOverride {
  /** Said instead of `queued`. */
  first?: string;
  /** Said instead of `queued` and `in_progress`, until then. */
  unknown?: { status: string; until: number | null };
}

/** A task as it is kept. Times are milliseconds since the epoch; everything here survives JSON. */
export interface Task {
  id: string;
  model: string;
  prompt: string;
  size: Size;
  resolution: Resolution;
  format: 'jpg' | 'png';
  /** Reference images that this server can read, by blob name: drawn into the picture. */
  references: string[];
  hasMask: boolean;
  clientBusinessId: string | null;
  /** Path and query of the request's `callback_url`. */
  callbackPath: string | null;
  price: Micros;
  refunded: Micros;
  createdAt: number;
  startsAt: number;
  /** Meaningless for a stuck task. */
  finishesAt: number;
  expiresAt: number;
  outcome: Outcome;
  statusOverride: StatusOverride;
  acknowledged: boolean;
  /** The end was noticed: refunded if failed, webhook sent off. */
  endProcessed: boolean;
}
