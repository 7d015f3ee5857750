import type { Clock, Ledger, Logger, ObjectStore, Scrub, Settings } from '@darkroom/shared';
import type { Metrics } from '../health/metrics.ts';
import type { Provider } from '../provider/index.ts';

/** What a submission works with. */
export interface SubmitDeps {
  settings: Settings;
  clock: Clock;
  log: Logger;
  scrub: Scrub;
  ledger: Ledger;
  store: ObjectStore;
  provider: Provider;
  metrics: Metrics;
  /** Stops all submissions, until the account is back. */
  pauseSubmissions(reason: 'unauthorized' | 'insufficient_quota'): Promise<void>;
}
