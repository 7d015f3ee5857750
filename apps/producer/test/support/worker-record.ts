import { LIVE_LIMITS, type LimitName } from '@darkroom/api';
import { type WorkerRecord, writeWorkerRecord } from '@darkroom/shared/queues';
import { DATA_VERSION } from '@darkroom/shared/render';
import type { Harness } from './harness.ts';

export const workerLimits = Object.fromEntries(
  LIVE_LIMITS.map((name) => [name, { base: 50, value: 50 }]),
) as Record<LimitName, { base: number; value: number }>;

/** What a worker process says about itself. */
export const putWorker = ({ queues }: Harness, name: string, facts: Partial<WorkerRecord> = {}) =>
  writeWorkerRecord(queues, {
    version: DATA_VERSION,
    name,
    host: 'render',
    pid: 4711,
    release: '0.3.0',
    startedAt: Date.now(),
    seenAt: Date.now(),
    active: { render: 2 },
    limits: workerLimits,
    drain: 'no',
    ...facts,
  });
