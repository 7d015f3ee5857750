import { createHash } from 'node:crypto';
import { openAsBlob } from 'node:fs';
import { rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import type { CatalogueRunResponse } from '@darkroom/api';
import { until } from '@darkroom/testkit';
import { writeProducts } from '../catalogue-source.ts';
import type { ExpanderResult } from '../expander-options.ts';
import { measureKeyBytes, removeKeys } from '../probes/index.ts';
import { startExpander, startProducer, startRenderEnder } from '../processes.ts';
import type { Scenario, Size } from '../scenario.ts';
import { formatMegabytes, formatNumber, formatTable } from '../table.ts';
import type { Workspace } from '../workspace.ts';

type Counts = CatalogueRunResponse['counts'];

interface CatalogueRow extends ExpanderResult {
  rows: number;
  /** Planning, rendering and delivering. */
  ms_per_thousand: number;
  cpu_ms_per_thousand: number;
  held_growth: number;
  /** Renders in the queue while the run waits for the first end, and their bytes in Redis. */
  queued: number;
  bytes_per_queued: number;
  /** Bytes in Redis after the end: of the run itself, and of its renders that the queue still has. */
  bytes_of_run: number;
  bytes_of_renders: number;
  counts: Counts;
  counts_exact: boolean;
  /** How often the run was read, and how often its ETA was null. */
  reads: number;
  eta_null: number;
  eta_null_without_reason: number;
}

export interface CatalogueResult {
  rows: CatalogueRow[];
  /** Of the largest run over the smallest. */
  growth: { time: number; cpu: number; held: number; rss: number };
}

const SIZES = { full: [10_000, 100_000], quick: [2_000, 10_000] };
const NAME = 'bench';
/** Of every thousand rows, one has no valid key. */
const INVALID_EVERY = 1_000;
const FAILS_EVERY = 100;
/** A run waits while it has more renders than this in the queue, and none ends. */
const BACK_PRESSURE = 1_500;
const PRICE = 0.025;
/** The budget leaves out one item of 50. */
const AFFORDABLE = 0.98;
const READ_MS = 500;

const createFile = (rows: number) => `name: ${NAME}
source: { path: products.csv }
key: sku
prompt: A studio photo of a {{ color }} {{ name }} made of {{ material }}, on a plain white background
budget: ${(rows * AFFORDABLE * PRICE).toFixed(3)}
guards: { max_changed_percent: null, max_quarantined_rows: ${rows / INVALID_EVERY} }
`;

/** Runs a catalogue with two numbers of rows: time and memory of its process, bytes in Redis, counts and ETA. */
export const catalogue: Scenario<CatalogueResult> = {
  name: 'catalogue',
  report: reportCatalogue,
  async run(workspace, size) {
    const rows: CatalogueRow[] = [];
    for (const count of size.quick ? SIZES.quick : SIZES.full)
      rows.push(await measureRun(workspace, count, size));
    const growth = (read: (row: CatalogueRow) => number) => {
      const [first] = rows;
      const last = rows.at(-1);
      return first && last ? read(last) / read(first) : Number.NaN;
    };
    return {
      rows,
      growth: {
        time: growth((row) => row.ms_per_thousand),
        cpu: growth((row) => row.cpu_ms_per_thousand),
        held: growth((row) => row.held.last),
        rss: growth((row) => row.rss_peak),
      },
    };
  },
};

async function measureRun(workspace: Workspace, count: number, { progress }: Size): Promise<CatalogueRow> {
  const dataDir = await workspace.createFolder('memory');
  const storeUrl = pathToFileURL(join(dataDir, 'store')).href;
  const producer = await startProducer(workspace, { DATA_DIR: dataDir, STORE_URL: storeUrl });
  const { prefix } = producer;
  progress(`catalogue: ${formatNumber(count)} rows`);
  const run = await startRun(producer.url, dataDir, count);
  const reader = openReader(run);
  const expander = await startExpander(workspace, {
    storeUrl,
    dataDir,
    prefix,
    measureAt: 0.9 * count,
  });
  let queued = 0;
  const isFull = async () => {
    queued = (await reader.read()).pending;
    return queued > BACK_PRESSURE;
  };
  await until(isFull, { timeout: 600_000, every: READ_MS, what: 'the run waits for its renders' });
  const waiting = await measureKeyBytes(workspace.redis, prefix);
  const stopEnder = await startRenderEnder(workspace, { prefix, storeUrl });
  const watching = reader.watch();
  const result = await expander.readResult();
  await reader.stop();
  await watching;
  const { pending: _, counts, rows } = await reader.read();
  const ended = await measureKeyBytes(workspace.redis, prefix);
  await expander.stop();
  await stopEnder();
  await producer.stop();
  await removeKeys(workspace.redis, prefix);
  await rm(dataDir, { recursive: true, force: true });
  const sum = (times: ExpanderResult['ms']) => times.plan + times.render + times.deliver;
  return {
    ...result,
    rows: count,
    ms_per_thousand: (sum(result.ms) * 1000) / count,
    cpu_ms_per_thousand: (sum(result.cpu_ms) * 1000) / count,
    held_growth: result.held.last / result.held.first,
    queued,
    bytes_per_queued: (waiting.queues['render'] ?? 0) / queued,
    bytes_of_run: ended.queues['catalogue'] ?? 0,
    bytes_of_renders: ended.queues['render'] ?? 0,
    counts,
    counts_exact: rows === count && areExact(counts, count),
    ...reader.facts(),
  };
}

/** Each item is counted once, and in the right way. */
function areExact({ items, bought, unchanged, quarantined, not_bought, failed }: Counts, count: number) {
  const invalid = count / INVALID_EVERY;
  const affordable = Math.floor(count * AFFORDABLE);
  return (
    items === count &&
    bought + unchanged + quarantined + not_bought + failed === count &&
    quarantined === invalid &&
    unchanged === 0 &&
    bought + failed === Math.min(affordable, count - invalid) &&
    failed === Math.floor((bought + failed) / FAILS_EVERY)
  );
}

/** Uploads the source and requests a run, as the command line does. @returns the URL of the run */
async function startRun(base: string, folder: string, count: number): Promise<string> {
  const path = join(folder, 'products.csv');
  await writeProducts(path, count, { invalidEvery: INVALID_EVERY });
  const blob = await openAsBlob(path);
  const hash = createHash('sha256');
  for await (const chunk of blob.stream()) hash.update(chunk);
  const { size, mtimeMs } = await stat(path);
  const sha256 = hash.digest('hex');
  const list = `${JSON.stringify({ path: 'products.csv', sha256, bytes: size, modified_at: mtimeMs })}\n`;
  const listDigest = createHash('sha256').update(list).digest('hex');
  const api = `${base}/v1/catalogues/${NAME}`;
  const put = async (digest: string, body: Blob | string) => {
    const headers = { 'content-type': 'application/octet-stream' };
    await expectOk(await fetch(`${api}/files/${digest}`, { method: 'PUT', body, headers }));
  };
  await put(sha256, blob);
  await put(listDigest, list);
  const answer = await fetch(`${api}/runs`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ file: createFile(count), files: listDigest, run: 'night' }),
  });
  await expectOk(answer);
  return `${api}/runs/night`;
}

async function expectOk(answer: Response): Promise<void> {
  if (!answer.ok) throw new Error(`${answer.url} was answered ${answer.status}: ${await answer.text()}`);
}

/** Reads a run as a caller does, and checks its ETA. */
function openReader(url: string) {
  let isOver = false;
  const facts = { reads: 0, eta_null: 0, eta_null_without_reason: 0 };
  const read = async (): Promise<CatalogueRunResponse> => {
    const answer = await fetch(url);
    await expectOk(answer.clone());
    const run = (await answer.json()) as CatalogueRunResponse;
    facts.reads += 1;
    if (run.eta === null) facts.eta_null += 1;
    if (run.eta === null && run.eta_reason === null) facts.eta_null_without_reason += 1;
    return run;
  };
  return {
    read,
    watch: async () => {
      while (!isOver) {
        await read();
        await delay(READ_MS);
      }
    },
    stop: async () => {
      isOver = true;
    },
    facts: () => facts,
  };
}

function reportCatalogue({ rows, growth }: CatalogueResult): string {
  const times = rows.map(({ rows: count, ms, ...row }) => [
    formatNumber(count),
    ...[ms.plan, ms.render, ms.deliver].map((one) => formatNumber((one * 1000) / count)),
    formatNumber(row.ms_per_thousand),
    formatNumber(row.cpu_ms_per_thousand),
    formatMegabytes(row.held.first),
    formatMegabytes(row.held.last),
    formatMegabytes(row.rss_peak),
  ]);
  const facts = rows.map((row) => [
    formatNumber(row.rows),
    `${formatNumber(row.queued)} of ${formatNumber(row.bytes_per_queued)}`,
    formatNumber(row.bytes_of_run),
    formatMegabytes(row.bytes_of_renders),
    row.counts_exact ? 'exact' : 'WRONG',
    `${formatNumber(row.eta_null)} of ${formatNumber(row.reads)}`,
    formatNumber(row.eta_null_without_reason),
  ]);
  const counts = rows.map(({ counts: one }) =>
    Object.entries(one)
      .map(([name, n]) => `${n} ${name}`)
      .join(', '),
  );
  return `Runs of a catalogue: the process that executes them; renders end at once
${formatTable(['rows', 'plan, ms per 1,000', 'render', 'deliver', 'all', 'CPU ms', 'held, first', 'held, last', 'RSS, peak'], times)}
${formatTable(['rows', 'queued, bytes', 'bytes of the run', 'of its renders', 'counts', 'ETA null', 'without reason'], facts)}
${counts.join('\n')}
The largest run over the smallest: time per 1,000 rows ${formatNumber(growth.time)}, CPU ${formatNumber(growth.cpu)}, held ${formatNumber(growth.held)}, RSS ${formatNumber(growth.rss)}.`;
}
