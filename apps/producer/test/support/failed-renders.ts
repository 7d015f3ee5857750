import { renderJob } from '@darkroom/shared/queues';
import {
  type Checkpoint,
  DATA_VERSION,
  type DeadLetter,
  drawRenderId,
  type Failure,
  type LiveStep,
  type Purchase,
  sumCost,
} from '@darkroom/shared/render';
import { until } from '@darkroom/testkit';
import { UnrecoverableError } from 'bullmq';
import { createCheckpoint } from './fake-worker.ts';
import type { Harness } from './harness.ts';

/** How a test's render failed. */
export interface FailedRender {
  code: Failure['code'];
  message?: string;
  /** Where a redrive goes on. @default submit */
  resume?: LiveStep;
  tenant?: string;
  run?: string;
  prompt?: string;
  metadata?: Checkpoint['request']['metadata'];
  resolution?: '1K' | '2K' | '4K';
  model?: Checkpoint['request']['model'];
  failedAt?: number;
  priorEnds?: number;
  purchases?: Purchase[];
  attempt?: number;
}

const TASK = { taskId: 'task_1', acceptedAt: 1 };
export const AT = {
  submit: { step: 'submit' },
  hold: { step: 'hold', reason: 'lost', until: 2 },
  poll: { step: 'poll', ...TASK, deadlineAt: 2, polls: 3, progress: 0 },
  store: (expiresAt: number): LiveStep => ({ step: 'store', taskId: 'task_1', expiresAt }),
} as const satisfies Record<string, LiveStep | ((at: number) => LiveStep)>;

/**
 * Puts failed renders with their dead letters into the queue, as a worker leaves them.
 *
 * @returns their ids, in the same order.
 */
export async function putFailedRenders(
  harness: Harness,
  renders: readonly FailedRender[],
): Promise<string[]> {
  const pairs = renders.map(createFailedRender);
  await harness.queues.render.addBulk(pairs.map(({ checkpoint }) => renderJob(checkpoint)));
  await failAll(harness);
  await harness.queues.deadLetter.addBulk(
    pairs.map(({ letter }) => ({
      name: letter.failure.code,
      data: letter,
      opts: { jobId: letter.renderId },
    })),
  );
  return pairs.map(({ letter }) => letter.renderId);
}

/** Fails all renders that wait. */
export async function failAll(harness: Harness): Promise<void> {
  const worker = harness.engine.worker(
    'render',
    async () => {
      throw new UnrecoverableError('failed by the test');
    },
    { concurrency: 100 },
  );
  await until(async () => {
    const counts = await harness.queues.render.getJobCounts('prioritized', 'waiting', 'active');
    return Object.values(counts).every((count) => count === 0);
  });
  await worker.close();
}

function createFailedRender(
  one: FailedRender,
  index: number,
): { checkpoint: Checkpoint; letter: DeadLetter } {
  const { code, resume = AT.submit, priorEnds = 0, purchases = [], attempt = 1 } = one;
  const failure: Failure = {
    code,
    message: one.message ?? `failed with ${code}`,
    step: resume.step,
    at: one.failedAt ?? 1_000_000 + index,
    chain: ['Error: the cause'],
  };
  const base = createCheckpoint();
  const checkpoint: Checkpoint = {
    ...base,
    renderId: drawRenderId(),
    tenant: one.tenant ?? 'default',
    request: {
      ...base.request,
      prompt: one.prompt ?? 'a mug',
      resolution: one.resolution ?? '1K',
      model: one.model ?? base.request.model,
      ...(one.run ? { run: one.run } : {}),
      ...(one.metadata ? { metadata: one.metadata } : {}),
    },
    ...(priorEnds > 0 ? { endsBefore: priorEnds } : {}),
    attempt,
    purchases,
    at: { step: 'bury', failure, resume, attemptsMade: 0 },
  };
  const { renderId, tenant, request, createdAt } = checkpoint;
  const letter: DeadLetter = {
    version: DATA_VERSION,
    renderId,
    tenant,
    failure,
    attempts: purchases.length,
    purchases,
    cost: sumCost(purchases),
    ...(resume.step === 'store' ? { resultExpiresAt: resume.expiresAt } : {}),
    request,
    createdAt,
    resume: { step: resume.step, attempt },
    ...(priorEnds > 0 ? { priorEnds } : {}),
  };
  return { checkpoint, letter };
}
