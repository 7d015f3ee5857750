import type { ObjectStore } from '@darkroom/shared/object-store';
import type { StageParts } from '../stage/infra.ts';
import type { Downloader } from './downloader.ts';

/** What storing works with. */
export interface StoreDeps extends StageParts {
  store: ObjectStore;
  downloader: Downloader;
}
