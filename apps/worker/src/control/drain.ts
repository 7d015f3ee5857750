import type { ControlState } from '@darkroom/shared/control';
import type { WorkerRecord } from '@darkroom/shared/queues';
import { errorMessage, type Logger } from '@darkroom/shared/runtime';

/** The BullMQ workers of this process. */
export interface DrainedWorkers {
  /** Takes no more jobs. Resolves when the running ones have ended. */
  pause(): Promise<void>;
  resume(): Promise<void>;
}

export interface DrainState {
  readonly state: WorkerRecord['drain'];
  /** Drains, or takes jobs again, as the store says. @returns whether it began something */
  apply(state: ControlState): boolean;
}

/**
 * An operator drains this process by its name: it takes no new jobs, finishes those that it has, and stays alive. A process
 * that starts has a new name, so it takes jobs.
 *
 * @param onChange the state has changed
 */
export function createDrainState(deps: {
  name: string;
  workers: DrainedWorkers;
  log: Logger;
  onChange(state: WorkerRecord['drain']): void;
}): DrainState {
  const { name, workers, log, onChange } = deps;
  let state: WorkerRecord['drain'] = 'no';
  /** Counts the changes: a pause that is undone may still resolve later. */
  let change = 0;
  const set = (next: WorkerRecord['drain']) => {
    state = next;
    log.info({ worker: name, drain: next }, 'drain changed');
    onChange(next);
  };
  const logError = (error: unknown) => log.warn({ err: errorMessage(error) }, 'drain not completed');

  return {
    get state() {
      return state;
    },
    apply: ({ drains }) => {
      const isWanted = drains.some(({ worker }) => worker === name);
      if (isWanted === (state !== 'no')) return false;
      change += 1;
      const own = change;
      if (isWanted) {
        set('draining');
        workers.pause().then(() => {
          if (change === own) set('drained');
        }, logError);
      } else {
        set('no');
        workers.resume().catch(logError);
      }
      return true;
    },
  };
}
