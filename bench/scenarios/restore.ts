import { pathToFileURL } from 'node:url';
import { createJournalWriter } from '@darkroom/shared/journal';
import { Ledger } from '@darkroom/shared/ledger';
import { type ObjectStore, openStore } from '@darkroom/shared/object-store';
import { type Checkpoint, DATA_VERSION, serializeCheckpoint, sumCost } from '@darkroom/shared/render';
import { systemClock as clock } from '@darkroom/shared/runtime';
import { createCheckpoint } from '../load.ts';
import { removeKeys } from '../probes/index.ts';
import { runRestorer } from '../processes.ts';
import type { RestorerResult } from '../restorer-options.ts';
import type { Scenario, Size } from '../scenario.ts';
import { formatMegabytes, formatNumber, formatTable } from '../table.ts';
import type { Workspace } from '../workspace.ts';

interface RestoreRow extends RestorerResult {
  renders: number;
  /** The most of `held`, in bytes. */
  held_most: number;
  ms_per_thousand: number;
  requests_per_render: number;
}

export interface RestoreResult {
  rows: RestoreRow[];
  /** The time per thousand renders of the largest restore over that of the smallest. */
  time_growth: number;
  /** The same ratio of the memory that is held, and of the peak of the resident set. */
  held_growth: number;
  rss_growth: number;
}

const SIZES = { full: [10_000, 100_000], quick: [2_000, 20_000] };
/** The shares of renders that have ended, and that have a task at the provider. The others wait to be submitted. */
const ENDED = 0.7;
const ACCEPTED = 0.15;
/** Renders of a bulk call share an entry. */
const ENTRY_RENDERS = 1_000;
const PARALLEL = 64;
/**
 * The limits of the old generation of the process that restores. The run that measures what is held has little room: what
 * is held too long ends the process. The run that measures time and RSS has more, so that it does not measure V8's
 * collector.
 */
const HEAP_MEGABYTES = { time: 512, held: 96 };

/** Restores an empty queue from a folder: time, memory and requests to the store, for two numbers of renders. */
export const restore: Scenario<RestoreResult> = {
  name: 'restore',
  report: reportRestore,
  async run(workspace, size) {
    const rows: RestoreRow[] = [];
    for (const renders of size.quick ? SIZES.quick : SIZES.full) {
      rows.push(await measureRestore(workspace, renders, size));
    }
    const growth = (of: 'ms_per_thousand' | 'held_most' | 'rss_peak') =>
      (rows.at(-1)?.[of] ?? 0) / (rows[0]?.[of] ?? Number.NaN);
    return {
      rows,
      time_growth: growth('ms_per_thousand'),
      held_growth: growth('held_most'),
      rss_growth: growth('rss_peak'),
    };
  },
};

async function measureRestore(workspace: Workspace, renders: number, size: Size): Promise<RestoreRow> {
  const folder = await workspace.createFolder('memory');
  const storeUrl = pathToFileURL(folder).href;
  size.progress(`restore: writing ${formatNumber(renders)} renders`);
  await writeRenders(await openStore({ storeUrl, dataDir: '', clock }), renders);
  size.progress(`restore: restoring ${formatNumber(renders)} renders`);
  const run = async (measureHeld: boolean) => {
    const prefix = workspace.createPrefix();
    const options = { storeUrl, prefix, dataDir: folder, measureHeld };
    const result = await runRestorer(workspace, options, HEAP_MEGABYTES[measureHeld ? 'held' : 'time']);
    await removeKeys(workspace.redis, prefix);
    return result;
  };
  const result = await run(false);
  const { held } = await run(true);
  return {
    ...result,
    renders,
    held,
    held_most: Math.max(...held),
    ms_per_thousand: (result.ms * 1000) / renders,
    requests_per_render: result.requests / renders,
  };
}

async function writeRenders(store: ObjectStore, renders: number): Promise<void> {
  const ledger = new Ledger(store, clock);
  const journal = createJournalWriter({
    put: (key, body) => store.put(key, body, { contentType: 'application/json' }),
    remove: (key) => store.delete(key),
    onUnwritten: () => undefined,
    clock,
    waitMs: 0,
  });
  for (let written = 0; written < renders; written += ENTRY_RENDERS) {
    const count = Math.min(ENTRY_RENDERS, renders - written);
    const checkpoints = Array.from({ length: count }, () => createCheckpoint());
    await journal.append(checkpoints.map(serializeCheckpoint));
    const open = checkpoints.entries();
    const work = async () => {
      for (const [at, checkpoint] of open) await writeHistory(ledger, checkpoint, at / count);
    };
    await Promise.all(Array.from({ length: PARALLEL }, work));
  }
}

/** @param share decides what became of the render, from 0 to 1 */
async function writeHistory(ledger: Ledger, checkpoint: Checkpoint, share: number): Promise<void> {
  const { renderId, tenant, request, fingerprint, createdAt, provider } = checkpoint;
  const task = { taskId: `task_${renderId}`, acceptedAt: createdAt, costMicros: 25_000 };
  if (share < ENDED) {
    const purchases = [{ provider, attempt: 1, outcome: 'accepted' as const, ...task }];
    await ledger.writeReceipt({
      version: DATA_VERSION,
      renderId,
      tenant,
      status: 'completed',
      request,
      fingerprint,
      createdAt,
      finishedAt: createdAt,
      attempts: 1,
      purchases,
      cost: sumCost(purchases),
    });
  } else if (share < ENDED + ACCEPTED) {
    const id = { renderId, attempt: 1, claim: 1 };
    await ledger.claim(id, { provider, owner: renderId, claimedBy: 'bench', request });
    await ledger.writeAcceptance(renderId, 1, { provider, source: 'answer', ...task });
  }
}

function reportRestore({ rows, time_growth, held_growth, rss_growth }: RestoreResult): string {
  const head = [
    'renders',
    'ms per 1,000',
    'requests per render',
    'held, first',
    'held, most',
    'RSS, peak',
    'added',
    'progress',
  ];
  const lines = rows.map((row) => [
    formatNumber(row.renders),
    formatNumber(row.ms_per_thousand),
    formatNumber(row.requests_per_render),
    formatMegabytes(row.held[0] ?? Number.NaN),
    formatMegabytes(row.held_most),
    formatMegabytes(row.rss_peak),
    formatNumber(Object.values(row.report.added).reduce((sum, count) => sum + count, 0)),
    row.progress_correct ? 'correct' : 'WRONG',
  ]);
  return `Restore of an empty queue from a folder: ${ENDED * 100} % of the renders have ended, ${ACCEPTED * 100} % are at the provider
${formatTable(head, lines)}
The largest over the smallest: time per 1,000 renders ${formatNumber(time_growth)}, held ${formatNumber(held_growth)}, RSS ${formatNumber(rss_growth)}.
The old generation of V8's heap is limited to ${HEAP_MEGABYTES.time} MB, and to ${HEAP_MEGABYTES.held} MB where "held" is measured.`;
}
