import type { BalanceAnswer } from '@darkroom/providers';
import {
  type AccountStop,
  addAccountStop,
  type Queues,
  readAccountStop,
  removeAccountStop,
  updateAccountStop,
} from '@darkroom/shared/queues';
import { DATA_VERSION, randomHex } from '@darkroom/shared/render';
import type { Infra } from '../stage/index.ts';
import type { AccountGate } from '../submit/index.ts';
import { scheduleAccountCheck } from './check-account.ts';

export interface AccountDeps extends Pick<Infra, 'provider' | 'clock' | 'log' | 'metrics'> {
  queues: Queues;
}

/** How long a worker uses what it read. Until then it may make submissions that are refused, which cost nothing. */
const FRESH_MS = 1_000;

/**
 * The gate of one worker. The stop itself is a record in the queue `stop`, for all workers. A lifted stop lets one
 * submission of each worker through at a time, until one is accepted: then the stop has ended.
 */
export function openAccountGate(deps: AccountDeps): AccountGate {
  const { queues, provider, clock, log, metrics } = deps;
  let read: { at: number; stop: Promise<AccountStop | undefined> } | undefined;
  let isTrying = false;

  const readStop = (): Promise<AccountStop | undefined> => {
    const now = clock.now();
    if (!read || Math.abs(now - read.at) >= FRESH_MS) {
      const stop = readAccountStop(queues);
      const entry = { at: now, stop };
      read = entry;
      stop.catch(() => {
        if (read === entry) read = undefined;
      });
    }
    return read.stop;
  };

  return {
    runIfOpen: async (submission) => {
      const stop = await readStop();
      if (!stop) return submission();
      if (stop.liftedAt === undefined || isTrying) return undefined;
      isTrying = true;
      try {
        return await submission();
      } finally {
        isTrying = false;
      }
    },
    noteAccepted: async () => {
      try {
        if ((await readStop())?.liftedAt === undefined) return;
        await removeAccountStop(queues);
        read = undefined;
        log.info('account stop ended: the account buys again');
      } catch (error) {
        log.warn({ err: error }, 'account stop not ended: the next purchase ends it');
      }
    },
    inspect: async (reason, signal) => {
      const account = await provider.readBalance(signal);
      const isUnlimited = account.kind === 'usable' && account.remaining === undefined;
      // Only the provider knows whether a limited balance covers a purchase, and it said no.
      const isHealthy = account.kind === 'usable' && (reason === 'unauthorized' || isUnlimited);
      return { isHealthy, isStopped: (await readAccountStop(queues)) !== undefined };
    },
    stop: async (reason, signal) => {
      const balance = readRemaining(await provider.readBalance(signal));
      const known = balance === undefined ? {} : { balance };
      const now = clock.now();
      const earlier = await readAccountStop(queues);
      read = undefined;
      if (earlier && earlier.liftedAt === undefined) return;
      if (earlier) {
        const { liftedAt: _lifted, balance: _balance, ...rest } = earlier;
        const renewed: AccountStop = { ...rest, ...known, reason, refusals: earlier.refusals + 1 };
        await scheduleAccountCheck(queues, renewed);
        await updateAccountStop(queues, renewed);
        log.warn({ reason, refusals: renewed.refusals }, 'submissions stopped again: the account cannot buy');
        return;
      }
      const creatorToken = randomHex(8);
      const created: AccountStop = {
        version: DATA_VERSION,
        kind: 'account',
        reason,
        since: now,
        refusals: 1,
        ...known,
        creatorToken,
      };
      // The check first: without it the stop would have no end.
      await scheduleAccountCheck(queues, created);
      if ((await addAccountStop(queues, created)).creatorToken !== creatorToken) return;
      metrics.accountStops.inc({ reason });
      log.error(
        { alert: true, reason, balance },
        'submissions stopped: the account cannot buy; no render is lost, they go on when it can',
      );
    },
  };
}

function readRemaining(account: BalanceAnswer): number | undefined {
  if (account.kind === 'empty') return 0;
  return account.kind === 'usable' ? account.remaining : undefined;
}
