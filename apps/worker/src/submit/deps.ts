import type { ObjectStore } from '@darkroom/shared/object-store';
import type { Infra } from '../stage/infra.ts';

/** What a submission works with. */
export interface SubmitDeps extends Infra {
  store: ObjectStore;
  /** Whether somebody wants this render to stop. */
  cancelAsked(renderId: string): Promise<boolean>;
  /** Stops all submissions, until the account is back. */
  pauseSubmissions(reason: 'unauthorized' | 'insufficient_quota'): Promise<void>;
}
