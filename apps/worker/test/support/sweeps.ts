import { cleanup, until } from '@darkroom/testkit';
import type { Harness } from './harness.ts';

/**
 * Lets no worker sweep until the test is over. A test that sweeps by hand beside a running worker needs it: the sweep that a
 * worker makes once a minute would do the work first.
 */
export async function holdSweeps({ queues }: Harness): Promise<void> {
  await queues.maintenance.pause();
  cleanup(() => queues.maintenance.resume());
  await until(async () => (await queues.maintenance.getActiveCount()) === 0);
}
