import type { Provider } from '@darkroom/providers';
import type { Settings } from '@darkroom/shared/config';
import type { Ledger } from '@darkroom/shared/ledger';
import type { ObjectStore } from '@darkroom/shared/object-store';
import type { Clock, Logger, Scrub } from '@darkroom/shared/runtime';
import type { Metrics } from './metrics.ts';

/** What every stage works with. A stage is called as `stage(job, infra, own)`; `own` is what it alone needs. */
export interface Infra {
  settings: Settings;
  clock: Clock;
  log: Logger;
  /** Removes secrets from a text (I8). */
  scrub: Scrub;
  store: ObjectStore;
  ledger: Ledger;
  provider: Provider;
  metrics: Metrics;
}
