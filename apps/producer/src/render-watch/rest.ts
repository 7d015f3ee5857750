import type { Clock } from '@darkroom/shared/runtime';

/** A sleep that can be ended. */
export interface Rest {
  /** Ends the present rest, or the next one. */
  wake(): void;
  take(ms: number): Promise<void>;
}

export function createRest(clock: Clock): Rest {
  let woken = false;
  let sleep: AbortController | undefined;
  return {
    wake() {
      woken = true;
      sleep?.abort();
    },
    async take(ms) {
      if (!woken) {
        sleep = new AbortController();
        await clock.sleep(ms, sleep.signal).catch(() => undefined);
        sleep = undefined;
      }
      woken = false;
    },
  };
}
