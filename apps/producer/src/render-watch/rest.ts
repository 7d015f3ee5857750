import type { Clock } from '@darkroom/shared/runtime';

/** A sleep that can be ended. */
export interface InterruptibleSleep {
  /** Ends the present rest, or the next one. */
  wake(): void;
  sleep(ms: number): Promise<void>;
}

export function createInterruptibleSleep(clock: Clock): InterruptibleSleep {
  let woken = false;
  let sleep: AbortController | undefined;
  return {
    wake() {
      woken = true;
      sleep?.abort();
    },
    async sleep(ms) {
      if (!woken) {
        sleep = new AbortController();
        await clock.sleep(ms, sleep.signal).catch(() => undefined);
        sleep = undefined;
      }
      woken = false;
    },
  };
}
