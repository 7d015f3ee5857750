import type { ObjectStore } from '@darkroom/shared/object-store';
import type { Clock } from '@darkroom/shared/runtime';
import type { SignedLinks } from '../access/index.ts';
import type { IntakeDeps } from '../intake/index.ts';
import type { ListRenders, LookupDeps } from '../lookup/index.ts';
import type { RenderWatch } from '../render-watch/index.ts';

/** What asking for renders works with. */
export interface RenderCreateDeps {
  intake: IntakeDeps;
  /** Told of every render that was asked for. @param count of them. @default 1 */
  onIntake(outcome: 'accepted' | 'duplicate' | 'rejected', tenant: string, count?: number): void;
}

/** What looking at renders works with. */
export interface RenderReadDeps {
  lookup: LookupDeps;
  store: ObjectStore;
  links: SignedLinks;
  /** When a render is worth another look. */
  watch: RenderWatch;
  list: ListRenders;
  clock: Clock;
}
