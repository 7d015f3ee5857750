import type { Purchase } from './checkpoint.ts';
import type { DATA_VERSION } from './data-version.ts';
import type { Failure } from './failure.ts';
import type { JobRequest } from './job-request.ts';

/** An entry of the `dead-letter` queue; its job id is the render's id. */
export interface DeadLetter {
  version: typeof DATA_VERSION;
  renderId: string;
  tenant: string;
  failure: Failure;
  /** Purchases begun, the failed ones included. */
  attempts: number;
  purchases: Purchase[];
  costMicros: number;
  /** Unix milliseconds; only while a paid image waits to be stored. */
  resultExpiresAt?: number;
  request: JobRequest;
  createdAt: number;
}
