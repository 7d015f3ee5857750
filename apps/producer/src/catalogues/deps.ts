import type { CatalogueRunStore, ScheduleStore } from '@darkroom/catalogue';
import type { Settings } from '@darkroom/shared/config';
import type { ObjectStore } from '@darkroom/shared/object-store';
import type { Clock } from '@darkroom/shared/runtime';
import type { Auditor } from '../audit/index.ts';
import type { CatalogueQueue } from '../backends/index.ts';

export interface CatalogueDeps {
  runs: CatalogueRunStore;
  schedules: ScheduleStore;
  store: ObjectStore;
  queue: CatalogueQueue;
  auditor: Auditor;
  clock: Clock;
  settings: Pick<Settings, 'PRICES' | 'WEBHOOK_SECRETS' | 'ALLOW_PRIVATE_HOSTS'>;
}
