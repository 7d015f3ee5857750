import { hasEnded, type Render, type Renders } from '@darkroom/client';
import { CliError } from '../../cli-error.ts';
import { EXIT } from '../../exit-codes.ts';
import type { Host } from '../../host.ts';
import { openProgress } from '../../output/index.ts';

const EVERY_MS = 2_000;
const PAGE = 100;

/** Follows the renders of a run until none is left that has not ended. @returns all renders of the run */
export async function watchRun(
  renders: Renders,
  { run, tenant }: { run: string; tenant: string | undefined },
  host: Host,
): Promise<Render[]> {
  const { clock, signal } = host;
  const display = openProgress(host, { unit: 'renders' });
  try {
    for (;;) {
      const all: Render[] = [];
      for await (const render of renders.list({ run, tenant, limit: PAGE }, { signal })) all.push(render);
      if (all.length === 0)
        throw new CliError(
          EXIT.notFound,
          `--run: expected a run that has renders, received ${JSON.stringify(run)}`,
        );
      const done = all.filter(hasEnded).length;
      const failed = all.filter(({ status }) => status === 'failed').length;
      display.show({ done, total: all.length, ...(failed > 0 ? { note: `${failed} failed` } : {}) });
      if (done === all.length) return all;
      await clock.sleep(EVERY_MS, signal);
    }
  } finally {
    display.end();
  }
}
