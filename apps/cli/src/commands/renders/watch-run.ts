import { hasEnded, type Render, type Renders } from '@darkroom/client';
import { CliError } from '../../cli-error.ts';
import { EXIT } from '../../exit-codes.ts';
import type { Host } from '../../host.ts';
import { openProgress } from '../../output/index.ts';

const EVERY_MS = 2_000;
const PAGE = 100;
const NOT_ENDED = ['queued', 'rendering', 'storing'] as const;

/**
 * Follows the renders of a run until none is left that has not ended.
 *
 * All renders are listed at the beginning and at the end. In between, only those that have not ended are listed, from
 * the oldest of them on, with one request per {@link EVERY_MS}: a large run is asked for more rarely.
 *
 * @returns all renders of the run
 */
export async function watchRun(
  renders: Renders,
  { run, tenant }: { run: string; tenant: string | undefined },
  host: Host,
): Promise<Render[]> {
  const { clock, signal } = host;
  const display = openProgress(host, { unit: 'renders' });
  const listAll = () => collect(renders.list({ run, tenant, limit: PAGE }, { signal }));
  try {
    for (;;) {
      const all = (await listAll()).found;
      if (all.length === 0)
        throw new CliError(
          EXIT.notFound,
          `--run: expected a run that has renders, received ${JSON.stringify(run)}`,
        );
      const ids = new Set(all.map(({ id }) => id));
      const failed = all.filter(({ status }) => status === 'failed').length;
      let left = all.filter((render) => !hasEnded(render));
      let pages = 1;
      for (;;) {
        const note = failed > 0 ? { note: `${failed} failed` } : {};
        display.show({ done: ids.size - left.length, total: ids.size, ...note });
        if (left.length === 0) break;
        await clock.sleep(pages * EVERY_MS, signal);
        const createdAfter = left.reduce(
          (oldest, { created_at: at }) => (at < oldest ? at : oldest),
          left[0]?.created_at ?? '',
        );
        const page = renders.list({ run, tenant, status: NOT_ENDED, createdAfter, limit: PAGE }, { signal });
        ({ found: left, pages } = await collect(page));
        for (const { id } of left) ids.add(id);
      }
      // Otherwise the next list says how the others ended, and whether there are new renders.
      if (all.every(hasEnded)) return all;
    }
  } finally {
    display.end();
  }
}

async function collect(list: ReturnType<Renders['list']>): Promise<{ found: Render[]; pages: number }> {
  const found: Render[] = [];
  let pages = 0;
  for await (const { data } of list.pages()) {
    found.push(...data);
    pages += 1;
  }
  return { found, pages };
}
