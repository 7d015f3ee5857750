import type { Clock, Ledger, Logger, ObjectStore, Scrub, Settings } from '@darkroom/shared';
import type { Metrics } from '../health/metrics.ts';
import type { Provider } from '../provider/index.ts';
import type { Downloader } from './download.ts';

/** What storing works with. */
export interface StoreDeps {
  settings: Settings;
  clock: Clock;
  log: Logger;
  scrub: Scrub;
  ledger: Ledger;
  store: ObjectStore;
  provider: Provider;
  downloader: Downloader;
  metrics: Metrics;
}
