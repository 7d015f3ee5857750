import type { Settings } from '@darkroom/shared/config';
import type { Ledger } from '@darkroom/shared/ledger';
import type { Clock, Logger, Scrub } from '@darkroom/shared/runtime';
import type { Provider } from '../providers/index.ts';
import type { Metrics } from './metrics.ts';

/** What every stage of a worker stands on. */
export interface Infra {
  settings: Settings;
  clock: Clock;
  log: Logger;
  /** Takes secrets out of a text (I8). */
  scrub: Scrub;
  ledger: Ledger;
  provider: Provider;
  metrics: Metrics;
}
