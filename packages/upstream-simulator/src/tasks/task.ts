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

/** How a task will end. It is decided when the task is created; later, its state depends on the time alone. */
export type Outcome = { kind: 'completed' } | { kind: 'failed'; error: TaskError } | { kind: 'stuck' };

/** Statuses that a fault reports instead of the true one. */
export interface StatusOverride {
  /** Reported instead of `queued`. */
  first?: string;
  /** Reported instead of `queued` and `in_progress`. `until` null means until the task ends. */
  unknown?: { status: string; until: number | null };
}

/** A task as it is stored. Times are milliseconds since the epoch. All fields must survive JSON. */
export interface Task {
  id: string;
  model: string;
  prompt: string;
  size: Size;
  resolution: Resolution;
  format: 'jpg' | 'png';
  /** Blob names of the reference images that this server can read. They are drawn into the image. */
  references: string[];
  hasMask: boolean;
  clientBusinessId: string | null;
  /** Path and query of the request's `callback_url`. */
  callbackPath: string | null;
  price: Micros;
  refunded: Micros;
  createdAt: number;
  startsAt: number;
  /** Has no meaning for a stuck task. */
  finishesAt: number;
  expiresAt: number;
  outcome: Outcome;
  statusOverride?: StatusOverride;
  /** False when a fault withheld the task id from the caller. */
  acknowledged: boolean;
  /** True after the task was refunded (if failed) and its webhook was started. */
  endProcessed: boolean;
}

/** A journal record. The last record of a task is valid. */
export interface TaskRecord {
  type: 'task';
  task: Task;
}
