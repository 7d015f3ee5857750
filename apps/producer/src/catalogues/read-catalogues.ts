import { CATALOGUE_NAME, type CatalogueListResponse } from '@darkroom/api';
import { CATALOGUES_PREFIX } from '@darkroom/catalogue';
import { ALL_TENANTS } from '@darkroom/shared/keys';
import pMap from 'p-map';
import { STORE_DEADLINE_MS, withStoreDeadline } from '../backends/index.ts';
import type { CatalogueDeps } from './deps.ts';
import { type RunFacts, readRun } from './read-runs.ts';
import { describeSchedule } from './read-schedule.ts';

export type CatalogueSummary = CatalogueListResponse['data'][number];

/** Tenants whose catalogues are read at the same time. */
const PARALLEL = 8;

/**
 * The catalogues of a tenant, or of all tenants (`*`), in ascending order, with what runs now and what comes next.
 *
 * @throws {StoreError}
 */
export async function listCatalogues(
  deps: ReadCatalogueDeps & Pick<CatalogueDeps, 'store'>,
  tenant: string,
): Promise<CatalogueSummary[]> {
  if (tenant !== ALL_TENANTS) return await listOfTenant(deps, tenant);
  const tenants = await withStoreDeadline(STORE_DEADLINE_MS.small, (signal) =>
    deps.store.listFolders({ prefix: CATALOGUES_PREFIX, signal }),
  );
  const lists = await pMap(tenants, (one) => listOfTenant(deps, one), { concurrency: PARALLEL });
  return lists.flat();
}

async function listOfTenant(deps: ReadCatalogueDeps, tenant: string): Promise<CatalogueSummary[]> {
  return await withStoreDeadline(STORE_DEADLINE_MS.image, async (signal) => {
    const names = await deps.runs.listCatalogues(tenant, { signal });
    return await Promise.all(
      names
        .filter((name) => CATALOGUE_NAME.test(name))
        .map((name) => describeCatalogue(deps, { tenant, name }, signal)),
    );
  });
}

type ReadCatalogueDeps = Pick<CatalogueDeps, 'runs' | 'schedules' | 'clock'>;

export async function describeCatalogue(
  { runs, schedules, clock }: ReadCatalogueDeps,
  { tenant, name }: { tenant: string; name: string },
  signal: AbortSignal,
): Promise<CatalogueSummary> {
  const latest = await runs.readLatest(tenant, name, { signal });
  const id = { tenant, catalogue: name };
  const schedule = await describeSchedule(id, { runs, schedules }, clock.now(), signal);
  const open: string[] = [];
  for await (const { run } of runs.listOpen({ tenant, catalogue: name }, { signal })) open.push(run);
  return {
    object: 'catalogue',
    name,
    tenant,
    latest: latest
      ? { run: latest.run, items: latest.manifest.items, finished_at: latest.finished_at }
      : null,
    open_runs: open,
    schedule: schedule ?? null,
  };
}

/**
 * A page of the runs of a catalogue, in descending order of their names. A cursor is the last name of the page before.
 *
 * @throws {StoreError} and {EngineError} when the store or the queue is away.
 */
export async function listCatalogueRuns(
  deps: Pick<CatalogueDeps, 'runs' | 'queue'>,
  { tenant, catalogue }: { tenant: string; catalogue: string },
  { limit, cursor }: { limit: number; cursor?: string | undefined },
): Promise<{ facts: RunFacts[]; next: string | undefined }> {
  const names = await withStoreDeadline(STORE_DEADLINE_MS.small, (signal) =>
    deps.runs.listRuns(tenant, catalogue, { signal }),
  );
  const left = names
    .toSorted((a, b) => (a < b ? 1 : -1))
    .filter((run) => cursor === undefined || run < cursor);
  const page = left.slice(0, limit);
  const read = await Promise.all(page.map((run) => readRun(deps, { tenant, catalogue, run })));
  return {
    facts: read.filter((one) => one !== undefined),
    next: left.length > limit ? page.at(-1) : undefined,
  };
}
