import { renderJob } from '@darkroom/shared/queues';
import {
  addRedriveJob,
  PART_RENDERS,
  type PlanItem,
  type RedriveEnd,
  type RedriveRecord,
  RedriveStore,
} from '@darkroom/shared/redrives';
import type { Checkpoint, Failure, JobRequest, LiveStep } from '@darkroom/shared/render';
import { randomHex } from '@darkroom/shared/render';
import { until } from '@darkroom/testkit';
import { type Harness, newCheckpoint } from './harness.ts';

export interface FailedRender {
  request?: Partial<JobRequest>;
  code?: Failure['code'];
  /** Where a redrive goes on. @default submit */
  resume?: LiveStep;
  action?: PlanItem['action'];
  expiresAt?: number;
}

/** Puts failed renders into the queue: a worker that runs fails each of them, and writes its dead letter. */
export async function putFailedRenders(
  { queues }: Harness,
  renders: readonly FailedRender[],
): Promise<PlanItem[]> {
  const pairs = renders.map(createFailedRender);
  await queues.render.addBulk(pairs.map(({ checkpoint }) => renderJob(checkpoint)));
  return pairs.map(({ item }) => item);
}

export const haveFailed = ({ queues }: Harness, count: number) =>
  until(async () => (await queues.render.getFailedCount()) === count, { timeout: 60_000 });

function createFailedRender({ request = {}, code = 'upstream_unreachable', ...one }: FailedRender) {
  const { resume = { step: 'submit' }, action = 'buy', expiresAt } = one;
  const base = newCheckpoint(request, Date.now());
  const failure: Failure = { code, message: 'failed before', step: resume.step, at: Date.now(), chain: [] };
  const checkpoint: Checkpoint = {
    ...base,
    at: { step: 'bury', failure, resume, attemptsMade: 0, restored: true },
  };
  const item: PlanItem = {
    id: base.renderId,
    end: 1,
    attempt: 1,
    step: resume.step,
    action,
    priceMicros: 25_000,
    ...(expiresAt === undefined ? {} : { expiresAt }),
    groups: ['reason', 'autumn', 'default', 'model', resume.step],
  };
  return { checkpoint, item };
}

/** A redrive in the store and in the queue, as the API leaves it. */
export async function beginRedrive(
  { store, queues }: Harness,
  items: readonly PlanItem[],
  options: Partial<RedriveRecord> = {},
) {
  const redrives = new RedriveStore(store);
  const record: RedriveRecord = {
    key: randomHex(16),
    scope: '*',
    actor: 'a test',
    createdAt: Date.now(),
    total: items.length,
    rate: 200,
    acceptDuplicateCharge: false,
    pollAgain: false,
    ...options,
  };
  const { key } = record;
  for (let part = 0; part * PART_RENDERS < items.length; part += 1) {
    const from = part * PART_RENDERS;
    await redrives.writePlanPart(key, part, items.slice(from, from + PART_RENDERS));
  }
  await redrives.writeRecord(record);
  await addRedriveJob(queues, record);
  return {
    key,
    redrives,
    waitForEnd: async (): Promise<RedriveEnd> => {
      await until(async () => (await redrives.readEnd(key)) !== undefined, { timeout: 60_000 });
      return (await redrives.readEnd(key)) as RedriveEnd;
    },
    want: (wanted: 'run' | 'pause' | 'cancel') =>
      redrives.writeControl(key, { wanted, actor: 'a test', at: Date.now() }),
    readJob: async () => (await queues.redrive.getJob(`rdv_${key}`))?.data,
  };
}
