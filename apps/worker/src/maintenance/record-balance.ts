import { isReadingDue, nameAccount, toBalanceMicros, writeBalanceReading } from '@darkroom/shared/balance';
import { isStoreAway } from '@darkroom/shared/object-store';
import type { Infra } from '../stage/index.ts';

/**
 * Writes down the provider's balance if no worker has done so in the last minutes. Reconciliation compares these readings
 * with the books. An account without a limit has no balance.
 *
 * @returns whether it wrote a reading. A store or a provider that is away is no error.
 */
export async function recordBalance({
  store,
  provider,
  settings,
  clock,
  log,
  signal,
}: Pick<Infra, 'store' | 'provider' | 'settings' | 'clock' | 'log'> & {
  signal: AbortSignal;
}): Promise<boolean> {
  try {
    if (!(await isReadingDue(store, clock.now(), signal))) return false;
    const answer = await provider.readBalance(signal);
    const remaining = answer.kind === 'usable' || answer.kind === 'empty' ? answer.remaining : undefined;
    if (remaining === undefined) return false;
    const reading = {
      at: clock.now(),
      micros: toBalanceMicros(remaining),
      account: nameAccount(settings),
    };
    await writeBalanceReading(store, reading, signal);
    return true;
  } catch (error) {
    if (signal.aborted || !isStoreAway(error)) throw error;
    log.warn({ err: error.message }, 'store away: balance not recorded');
    return false;
  }
}
