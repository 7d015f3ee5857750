import { parseSettings, type Settings } from '@darkroom/shared/config';
import { openEngine } from '@darkroom/shared/engine';
import { systemClock } from '@darkroom/shared/runtime';
import { cleanup, databaseDir } from '@darkroom/testkit';
import { type ComposeOptions, composeDarkroom, type RunningDarkroom } from '../../src/compose.ts';

/**
 * All of Darkroom in this process, with the embedded queue, a folder as the store and a fast simulated provider. It
 * is closed when the test (from a hook: the file) is over.
 */
export async function openDarkroom(
  settings: Partial<Settings> = {},
  options: Partial<Pick<ComposeOptions, 'clock' | 'secrets'>> = {},
): Promise<RunningDarkroom> {
  const darkroom = await composeDarkroom({
    settings: {
      ...parseSettings({ DATA_DIR: await databaseDir(openEngine), LOG_LEVEL: 'silent' }),
      PORT: 0,
      WORKER_PORT: 0,
      ...settings,
    },
    secrets: [],
    clock: systemClock,
    fast: true,
    ...options,
  });
  cleanup(() => darkroom.close());
  return darkroom;
}
