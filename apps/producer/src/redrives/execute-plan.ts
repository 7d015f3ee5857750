import type { RedriveRequest } from '@darkroom/api';
import { type RedrivePlan, type RedriveRecord, redriveId } from '@darkroom/shared/redrives';
import { parseDollars } from '@darkroom/shared/snapshot';
import { STORE_DEADLINE_MS, withStoreDeadline } from '../backends/index.ts';
import { ProblemError } from '../problems/index.ts';
import type { FindDeps } from './find-redrive.ts';

const DEFAULT_RATE = 10;

/**
 * Begins the redrive of a plan. The store has it before the queue, so it is not lost with the queue. The same request
 * again finds the redrive that it began.
 *
 * @throws {ProblemError} `plan_expired`, `plan_executed`.
 */
export async function executePlan(
  { redrives, queue }: FindDeps,
  plan: RedrivePlan,
  request: RedriveRequest,
  { actor, now }: { actor: string; now: number },
): Promise<{ record: RedriveRecord; isNew: boolean }> {
  const { key, scope, total } = plan;
  const { max_jobs: maxJobs, max_spend: maxSpend, reason } = request;
  const record: RedriveRecord = {
    key,
    scope,
    actor,
    ...(reason === undefined ? {} : { reason }),
    createdAt: now,
    total,
    rate: request.rate ?? DEFAULT_RATE,
    ...(maxJobs === undefined ? {} : { maxJobs }),
    ...(maxSpend === undefined ? {} : { maxSpendMicros: parseDollars(maxSpend) }),
    acceptDuplicateCharge: request.accept_duplicate_charge ?? false,
    pollAgain: request.poll_again ?? false,
  };
  const written = await withStoreDeadline(STORE_DEADLINE_MS.small, async (signal) => {
    const earlier = await redrives.readRecord(key, { signal });
    if (earlier) return earlier;
    if (now >= plan.expiresAt) {
      throw new ProblemError(
        'plan_expired',
        `The plan could be executed until ${new Date(plan.expiresAt).toISOString()}.`,
      );
    }
    if (await redrives.writeRecord(record, { signal })) return record;
    return (await redrives.readRecord(key, { signal })) ?? record;
  });
  if (!isSameRequest(written, record)) {
    throw new ProblemError('plan_executed', `The redrive ${redriveId(key)} has executed this plan.`);
  }
  await queue.add(written);
  return { record: written, isNew: written === record };
}

const isSameRequest = (one: RedriveRecord, other: RedriveRecord) =>
  one.rate === other.rate &&
  one.maxJobs === other.maxJobs &&
  one.maxSpendMicros === other.maxSpendMicros &&
  one.acceptDuplicateCharge === other.acceptDuplicateCharge &&
  one.pollAgain === other.pollAgain &&
  one.reason === other.reason &&
  one.actor === other.actor;
