import type { ObjectStore } from '@darkroom/shared/object-store';
import type { StageParts } from '../parts.ts';
import type { Downloader } from './download.ts';

/** What storing works with. */
export interface StoreDeps extends StageParts {
  store: ObjectStore;
  downloader: Downloader;
}
