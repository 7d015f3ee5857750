import type { ObjectStore } from '@darkroom/shared/object-store';
import type { Infra } from '../stage/infra.ts';
import type { Downloader } from './downloader.ts';

/** What storing works with. */
export interface StoreDeps extends Infra {
  store: ObjectStore;
  downloader: Downloader;
}
