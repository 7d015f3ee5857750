import type { ObjectStore } from '@darkroom/shared';
import type { SignedLinks } from '../access/index.ts';
import type { DoorDeps } from '../intake/index.ts';
import type { Archive } from '../status/index.ts';

/** What asking for renders works with. */
export interface IntakeDeps {
  door: DoorDeps;
  /** Told of every render that was asked for. */
  onIntake(outcome: 'accepted' | 'duplicate' | 'rejected', tenant: string): void;
}

/** What looking at renders works with. */
export interface LookDeps {
  archive: Archive;
  store: ObjectStore;
  links: SignedLinks;
}
