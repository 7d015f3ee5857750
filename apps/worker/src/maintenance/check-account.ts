import {
  type AccountStop,
  type MaintenanceJob,
  type Queues,
  readAccountStop,
  removeAccountStop,
  updateAccountStop,
} from '@darkroom/shared/queues';
import { DATA_VERSION } from '@darkroom/shared/render';
import { mayBuyAgain, nextAccountCheck } from '../decide/index.ts';
import type { Infra, StageJob, StageOutcome } from '../stage/index.ts';

type CheckJob = Extract<MaintenanceJob, { chore: 'check-account' }>;

/** Waiting submissions whose prices one check reads. */
const MAX_PRICED = 200;
/** After this time without a purchase, a lifted stop is over: the next refusal is a new stop with a new alarm. */
const MAX_LIFTED_MS = 900_000;

/** Adds the chore that checks the account after the latest refusal of a stop. Adding it again changes nothing. */
export async function scheduleAccountCheck(queues: Queues, { since, refusals }: AccountStop): Promise<void> {
  await queues.maintenance.add(
    'check-account',
    { version: DATA_VERSION, chore: 'check-account', since, refusals, checks: 0 },
    {
      jobId: `check-account-${since}-${refusals}`,
      delay: nextAccountCheck(refusals),
      removeOnComplete: true,
      removeOnFail: true,
    },
  );
}

/** Reads the account's balance once. Lifts the stop, or checks again later. */
export async function checkAccount(
  job: StageJob<MaintenanceJob> & { data: CheckJob },
  deps: Pick<Infra, 'provider' | 'clock' | 'log'> & { queues: Queues },
): Promise<StageOutcome<undefined, MaintenanceJob>> {
  const { queues, provider, clock, log } = deps;
  const { since, refusals } = job.data;
  const stop = await readAccountStop(queues);
  // Another chore belongs to a later stop, or to a later refusal.
  const isCurrent = stop?.since === since && stop.refusals === refusals && stop.liftedAt === undefined;
  if (!isCurrent) return { kind: 'done', value: undefined };
  const account = await provider.readBalance(job.signal);
  const checks = job.data.checks + 1;
  const cheapestMicros = await findCheapestPrice(deps);
  if (!mayBuyAgain({ account, stop, cheapestMicros, checks })) {
    log.warn({ account: account.kind, checks, refusals }, 'submissions stay stopped: the account cannot buy');
    return { kind: 'wait', afterMs: nextAccountCheck(refusals + checks), data: { ...job.data, checks } };
  }
  await updateAccountStop(queues, { ...stop, liftedAt: clock.now() });
  log.info({ account: account.kind }, 'submissions are tried again');
  return { kind: 'done', value: undefined };
}

/** The lowest price of a waiting submission: 0 without one. */
async function findCheapestPrice({
  queues,
  provider,
}: Pick<Infra, 'provider'> & { queues: Queues }): Promise<number> {
  const waiting = await queues.submit.getJobs(['prioritized', 'waiting', 'delayed'], 0, MAX_PRICED - 1);
  const prices = waiting.flatMap((job) => (job ? [provider.priceMicros(job.data.request)] : []));
  return prices.length === 0 ? 0 : Math.min(...prices);
}

/** Adds the check that a worker died before adding, and ends a lifted stop after which nothing was bought. */
export async function sweepAccountStop(queues: Queues, now: number): Promise<void> {
  const stop = await readAccountStop(queues);
  if (!stop) return;
  if (stop.liftedAt === undefined) await scheduleAccountCheck(queues, stop);
  else if (Math.abs(now - stop.liftedAt) >= MAX_LIFTED_MS) await removeAccountStop(queues);
}
