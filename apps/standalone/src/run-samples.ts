import { type CatalogueRunResponse, ENDED_CATALOGUE_RUN_STATUSES } from '@darkroom/api';
import { type ManifestEntry, manifestEntrySchema, runLabel } from '@darkroom/catalogue';
import { createDarkroom, type Darkroom, hasEnded, type Render } from '@darkroom/client';
import type { Clock } from '@darkroom/shared/runtime';
import { type CatalogueApi, openCatalogueApi } from './catalogue-api.ts';
import type { RunningDarkroom } from './compose.ts';
import type { CatalogueProgress } from './progress.ts';
import { hashBytes, listSampleFiles, type SampleCatalogue } from './sample-catalogue.ts';

/** A sample with what its run delivered. */
export interface EndedSample {
  entry: ManifestEntry;
  /** Undefined for a sample that was never tried. */
  render: Render | undefined;
}

export interface EndedRun {
  run: CatalogueRunResponse;
  /** What an earlier start had done of it. */
  earlier: 'nothing' | 'begun' | 'ended';
  /** In the order of the samples. */
  ended: EndedSample[];
}

export interface RunOptions {
  /** The name of the catalogue. The same catalogue buys nothing twice. */
  name: string;
  clock: Clock;
  signal: AbortSignal;
  show(progress: CatalogueProgress): void;
}

type Connection = Pick<RunningDarkroom, 'producer' | 'apiKey' | 'store'>;

/**
 * Runs the sample catalogue through the API, as `darkroom catalogue run` does, and follows it to its end. The name of the run
 * is derived from its content, so a second start finds the same run.
 *
 * @throws DarkroomError with the code `aborted` when the signal aborts.
 */
export async function runSamples(
  catalogue: SampleCatalogue,
  { producer, apiKey, store }: Connection,
  options: RunOptions,
): Promise<EndedRun> {
  const connection = { url: producer.url, apiKey };
  const api = openCatalogueApi(connection, options.signal);
  const client = createDarkroom(connection);
  const { run: started, earlier } = await startRun(catalogue, api, options);
  const { run, renders } = await followRun(started, catalogue, { api, client }, options);
  if (!run.manifest) throw new Error(`the run ${run.run} of ${run.catalogue} stopped: ${run.reason}`);
  const ended: EndedSample[] = [];
  for (const entry of await readManifest(run.manifest.key, store)) {
    const { render_id: id } = entry;
    const render = id === null ? undefined : await findRender(id, renders, client, options.signal);
    ended.push({ entry, render });
  }
  return { run, earlier, ended };
}

async function startRun(
  catalogue: SampleCatalogue,
  api: CatalogueApi,
  { name }: RunOptions,
): Promise<Pick<EndedRun, 'run' | 'earlier'>> {
  const file = catalogue.file.replace(/^name: .*$/m, `name: ${name}`);
  const list = Buffer.from(
    listSampleFiles(catalogue)
      .map((one) => `${JSON.stringify(one)}\n`)
      .join(''),
  );
  const files = hashBytes(list);
  const digest = hashBytes(Buffer.from(`${file}\n${files}`)).slice(0, 6);
  const run = `${catalogue.samples.length}-products-${digest}`;
  const present = await api.findRun(name, run);
  if (present) return { run: present, earlier: hasRunEnded(present) ? 'ended' : 'begun' };
  for (const body of [...catalogue.files.values(), list]) await api.putFile(name, hashBytes(body), body);
  return { run: await api.startRun(name, { file, files, run }), earlier: 'nothing' };
}

const hasRunEnded = ({ status }: CatalogueRunResponse) =>
  (ENDED_CATALOGUE_RUN_STATUSES as readonly string[]).includes(status);

const POLL_MS = 400;
/** At most a third of the time goes to listing: a long list must not slow the renders down. */
const PAUSE_PER_LISTING = 2;

interface Apis {
  api: CatalogueApi;
  client: Darkroom;
}

/** Shows where the renders of a run are, until it has ended. @returns its renders, as far as they were seen */
async function followRun(
  started: CatalogueRunResponse,
  { samples }: SampleCatalogue,
  { api, client }: Apis,
  { clock, signal, show }: RunOptions,
): Promise<{ run: CatalogueRunResponse; renders: Map<string, Render> }> {
  const renders = new Map<string, Render>();
  for (let run = started; ; ) {
    const listedAt = clock.now();
    if (run.buys !== null && run.buys > 0 && !hasRunEnded(run))
      await updateRenders(renders, run, client, signal);
    show(countProgress(run, samples.length, [...renders.values()]));
    if (hasRunEnded(run)) return { run, renders };
    await clock.sleep(Math.max(POLL_MS, PAUSE_PER_LISTING * (clock.now() - listedAt)), signal);
    run = (await api.findRun(run.catalogue, run.run)) ?? run;
  }
}

/** One list of the renders that have not ended shows where they are. One that has left it is read once more, for its end. */
async function updateRenders(
  renders: Map<string, Render>,
  run: CatalogueRunResponse,
  client: Darkroom,
  signal: AbortSignal,
): Promise<void> {
  const filters = { run: runLabel(run), createdAfter: run.requested_at, limit: 100 };
  const listed = new Set<string>();
  const list = async (status: Render['status'][]) => {
    for await (const render of client.renders.list({ ...filters, status }, { signal })) {
      listed.add(render.id);
      renders.set(render.id, render);
    }
  };
  await list(['queued', 'rendering', 'storing']);
  // Renders that ended before they were ever listed, such as those of an earlier start.
  if (renders.size < (run.buys ?? 0)) await list(['completed', 'failed', 'canceled']);
  for (const [id, render] of renders)
    if (!listed.has(id) && !hasEnded(render)) renders.set(id, await client.renders.get(id, { signal }));
}

function countProgress(
  run: CatalogueRunResponse,
  total: number,
  renders: readonly Render[],
): CatalogueProgress {
  const count = (...statuses: Render['status'][]) =>
    renders.filter(({ status }) => statuses.includes(status)).length;
  if (hasRunEnded(run)) {
    const { bought, unchanged } = run.counts;
    const completed = bought + unchanged;
    const failed = total - completed;
    return {
      total,
      completed,
      failed,
      queued: 0,
      rendering: 0,
      storing: 0,
      spentMicros: toMicros(run.cost.spent),
    };
  }
  const kept = run.items === null || run.buys === null ? 0 : run.items - run.buys;
  const completed = kept + count('completed');
  const failed = count('failed', 'canceled');
  const rendering = count('rendering');
  const storing = count('storing');
  return {
    total,
    completed,
    failed,
    // Also those that the run has not added to the queue.
    queued: total - completed - failed - rendering - storing,
    rendering,
    storing,
    spentMicros: renders.reduce((sum, { cost }) => sum + toMicros(cost.spent), 0),
  };
}

async function readManifest(key: string, store: RunningDarkroom['store']): Promise<ManifestEntry[]> {
  const body = await store.get(key);
  if (!body) throw new Error(`${key} is gone from the store`);
  const lines = Buffer.from(body).toString('utf8').trimEnd().split('\n');
  return lines.map((line) => manifestEntrySchema.parse(JSON.parse(line)));
}

const findRender = async (
  id: string,
  renders: ReadonlyMap<string, Render>,
  client: Darkroom,
  signal: AbortSignal,
): Promise<Render> => {
  const known = renders.get(id);
  return known && hasEnded(known) ? known : await client.renders.get(id, { signal });
};

/** An amount of the API in micro-dollars. */
export const toMicros = (amount: string): number => Math.round(Number(amount) * 1e6);
