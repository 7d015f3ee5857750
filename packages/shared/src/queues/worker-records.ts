import type { LimitName, TenantShareName } from '@darkroom/api';
import type { DATA_VERSION } from '../render/index.ts';

/** A limit as one worker has it: the value of its settings, and the value that it has applied. */
export interface AppliedLimit {
  base: number;
  value: number;
}

/** What a worker process says about itself, in the queue `worker`, which has no worker. Its job id is `name`. */
export interface WorkerRecord {
  version: typeof DATA_VERSION;
  name: string;
  host: string;
  pid: number;
  /** The version of Darkroom. */
  release: string;
  /** Unix milliseconds, by the clock of the worker. */
  startedAt: number;
  /** Unix milliseconds, by the clock of the queue. */
  seenAt: number;
  /** The jobs that it runs, by queue. */
  active: Record<string, number>;
  /** The shares of tenants that have one of their own are among them. */
  limits: Record<LimitName, AppliedLimit> & Partial<Record<TenantShareName, AppliedLimit>>;
  drain: 'no' | 'draining' | 'drained';
}
