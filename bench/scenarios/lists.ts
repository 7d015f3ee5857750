import { createApiKey, formatApiKey } from '@darkroom/shared/keys';
import { Pool } from 'undici';
import { enqueueRenders } from '../load.ts';
import { removeKeys } from '../probes/index.ts';
import { type ProducerProcess, startProducer } from '../processes.ts';
import type { Scenario, Size } from '../scenario.ts';
import { type Spread, summarizeSpread } from '../stats.ts';
import { formatNumber, formatSpread, formatTable } from '../table.ts';
import type { Workspace } from '../workspace.ts';

interface ListRow {
  name: string;
  /** The first list after the start of the producer. */
  first_ms: number;
  ms: Spread;
  /** The ratio to the row before within a round. Absent in the first row of a pair. */
  of_before?: Spread;
}

export interface ListsResult {
  rounds: number;
  rows: ListRow[];
}

const LISTED = 50;
/** The tenant whose renders are listed, and another one. */
const [SHOP, OTHER] = ['shop', 'other'];
const BACKLOG = { full: [5_000, 200_000], quick: [2_000, 20_000] } as const;
/** The renders of one tenant beside which another tenant lists its own. */
const NEIGHBOR = 24_000;

/** How long a list of 50 takes: with a growing backlog of the tenant, and beside a backlog of another tenant. */
export const lists: Scenario<ListsResult> = {
  name: 'lists',
  report: reportLists,
  async run(workspace, size) {
    const rounds = size.quick ? 15 : 40;
    const [small, large] = size.quick ? BACKLOG.quick : BACKLOG.full;
    const rows = [
      ...(await measurePair(workspace, size, rounds, [
        { name: `${formatNumber(small)} queued`, queued: { [SHOP]: small } },
        { name: `${formatNumber(large)} queued`, queued: { [SHOP]: large } },
      ])),
      ...(await measurePair(workspace, size, rounds, [
        { name: `${LISTED} queued`, queued: { [SHOP]: LISTED } },
        {
          name: `${LISTED} queued, beside ${formatNumber(NEIGHBOR)} of another tenant`,
          queued: { [OTHER]: NEIGHBOR, [SHOP]: LISTED },
        },
      ])),
    ];
    return { rounds, rows };
  },
};

interface Case {
  name: string;
  /** Queued renders by tenant. */
  queued: Record<string, number>;
}

/** Measures two cases in turn: each has a producer and a queue of its own. */
async function measurePair(
  workspace: Workspace,
  size: Size,
  rounds: number,
  cases: [Case, Case],
): Promise<ListRow[]> {
  const opened = [];
  for (const one of cases) {
    size.progress(`lists: adding the renders of "${one.name}"`);
    opened.push(await openCase(workspace, one));
  }
  size.progress(`lists: ${rounds} rounds`);
  const first_ms: number[] = [];
  for (const { list } of opened) first_ms.push(await list());
  const times: number[][] = cases.map(() => []);
  for (let round = 0; round < rounds; round += 1) {
    for (const [at, { list }] of opened.entries()) times[at]?.push(await list());
  }
  for (const { close } of opened) await close();
  return cases.map(({ name }, at) => {
    const ms = times[at] ?? [];
    const before = times[at - 1];
    const ratios = before && ms.map((value, round) => value / (before[round] ?? value));
    return {
      name,
      first_ms: first_ms[at] ?? 0,
      ms: summarizeSpread(ms),
      ...(ratios ? { of_before: summarizeSpread(ratios) } : {}),
    };
  });
}

async function openCase(workspace: Workspace, { queued }: Case) {
  const { text, sha256 } = createApiKey();
  const key = formatApiKey({ tenant: SHOP, roles: ['read'], sha256 });
  const producer = await startProducer(workspace, { API_KEYS: `${key}:rate=100000` });
  for (const [tenant, renders] of Object.entries(queued)) {
    await enqueueRenders(workspace, producer.prefix, renders, { tenant });
  }
  const pool = new Pool(producer.url, { connections: 1 });
  return {
    list: () => measureList(pool, text),
    close: () => closeCase(workspace, producer, pool),
  };
}

/** @returns milliseconds. @throws unless the list is full. */
async function measureList(pool: Pool, key: string): Promise<number> {
  const began = performance.now();
  const { statusCode, body } = await pool.request({
    path: `/v1/renders?limit=${LISTED}`,
    method: 'GET',
    headers: { authorization: `Bearer ${key}` },
  });
  const { data } = (await body.json()) as { data?: unknown[] };
  if (statusCode !== 200 || data?.length !== LISTED) {
    throw new Error(`a list was answered ${statusCode} with ${data?.length} renders`);
  }
  return performance.now() - began;
}

async function closeCase(workspace: Workspace, producer: ProducerProcess, pool: Pool): Promise<void> {
  await pool.close();
  await producer.stop();
  await removeKeys(workspace.redis, producer.prefix);
}

function reportLists({ rounds, rows }: ListsResult): string {
  const lines = rows.map(({ name, first_ms, ms, of_before }) => [
    name,
    formatNumber(first_ms),
    formatSpread(ms),
    of_before ? formatSpread(of_before) : '',
  ]);
  return `Lists: ms for ${LISTED} renders of one tenant, median (lowest-highest) of ${rounds} rounds
${formatTable(['', 'first', 'ms', 'of the row before'], lines)}`;
}
