import type { ObjectStore } from '@darkroom/shared/object-store';
import type { Clock } from '@darkroom/shared/runtime';
import type { SignedLinks } from '../access/index.ts';
import type { DoorDeps } from '../intake/index.ts';
import type { Archive, ListRenders } from '../lookup/index.ts';
import type { Following } from '../render-watch/index.ts';

/** What asking for renders works with. */
export interface IntakeDeps {
  door: DoorDeps;
  /** Told of every render that was asked for. @param count of them. @default 1 */
  onIntake(outcome: 'accepted' | 'duplicate' | 'rejected', tenant: string, count?: number): void;
}

/** What looking at renders works with. */
export interface LookDeps {
  archive: Archive;
  store: ObjectStore;
  links: SignedLinks;
  /** When a render is worth another look. */
  following: Following;
  list: ListRenders;
  clock: Clock;
}
