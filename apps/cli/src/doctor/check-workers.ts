import { listSeenWorkers } from '@darkroom/shared/queues';
import { VERSION } from '@darkroom/shared/runtime';
import { formatCount } from '../output/index.ts';
import { type Check, fail, ok, type Patient, runCheck, warn } from './check.ts';

const NAME = 'workers';
const UPDATE = 'Stop the workers of the other version, and start workers of one version.';

/** Checks that workers are connected, and that all have one version. */
export async function checkWorkers({ queues, engine }: Patient): Promise<Check[]> {
  if (!queues || !engine) return [];
  const remedy = 'Grant CLIENT LIST to the user of QUEUE_URL.';
  return await runCheck(NAME, remedy, async () => {
    const workers = await listSeenWorkers(queues);
    if (!workers)
      return warn(
        NAME,
        'This Redis does not list its connections, so workers cannot be counted',
        'Look at the health checks of the workers.',
      );
    if (workers.length === 0)
      return fail(
        NAME,
        'No worker is connected: nothing is rendered',
        'Start one: node apps/worker/src/main.ts',
      );
    const byVersion = Map.groupBy(workers, ({ version }) => version ?? 'unknown');
    const versions = [...byVersion].map(([version, seen]) => `${version} (${seen.length})`).join(', ');
    if (byVersion.size > 1) return warn(NAME, `The workers have different versions: ${versions}`, UPDATE);
    const details = workers.flatMap(({ process }) => process ?? []);
    const message = `${formatCount(workers.length, 'worker')} of version ${versions}`;
    return byVersion.has(VERSION)
      ? ok(NAME, message, details)
      : warn(
          NAME,
          `${message}, but this command line has version ${VERSION}`,
          'Use the command line of the version of the workers.',
        );
  });
}
