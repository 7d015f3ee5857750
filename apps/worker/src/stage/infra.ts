import type { Settings } from '@darkroom/shared/config';
import type { Ledger } from '@darkroom/shared/ledger';
import type { Clock, Logger, Scrub } from '@darkroom/shared/runtime';
import type { Metrics } from './metrics.ts';
import type { Provider } from '../providers/index.ts';

/** What every stage of a worker stands on. */
export interface StageParts {
  settings: Settings;
  clock: Clock;
  log: Logger;
  /** Takes secrets out of a text (I8). */
  scrub: Scrub;
  ledger: Ledger;
  provider: Provider;
  metrics: Metrics;
}
