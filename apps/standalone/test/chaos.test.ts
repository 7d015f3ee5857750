import { fileURLToPath, pathToFileURL } from 'node:url';
import { type FailureCode } from '@darkroom/api';
import { Ledger } from '@darkroom/shared/ledger';
import { openStore } from '@darkroom/shared/object-store';
import { type Receipt } from '@darkroom/shared/render';
import { systemClock } from '@darkroom/shared/runtime';
import {
  cleanup,
  type NodeProcess,
  plantSecret,
  requires,
  service,
  spawnNode,
  tempDir,
  uniquePrefix,
  until,
} from '@darkroom/testkit';
import {
  type FaultRule,
  type PurchaseRecord,
  type Simulator,
  startSimulator,
} from '@darkroom/upstream-simulator';
import { expect, test } from 'vitest';

const RENDERS = 500;
const KILLS = 5;

/** Together these faults hit about one of ten requests. */
const FAULTS: FaultRule[] = [
  { kind: 'rate_limited', rate: 0.01, retryAfterSeconds: 1 },
  { kind: 'rate_limit_unavailable', rate: 0.005, retryAfterSeconds: 1 },
  { kind: 'no_channel', rate: 0.03, retryAfterSeconds: 0 },
  { kind: 'refuse_content', rate: 0.015 },
  { kind: 'invalid_request', rate: 0.01 },
  { kind: 'accept_then_cut', rate: 0.01 },
  { kind: 'cut_before', rate: 0.01 },
  { kind: 'html_502', rate: 0.01 },
  { kind: 'fail_task', rate: 0.06 },
  { kind: 'fail_task_content', rate: 0.02 },
  { kind: 'unknown_status', rate: 0.02 },
  { kind: 'query_500', rate: 0.03 },
  { kind: 'query_html', rate: 0.02 },
  { kind: 'query_bad_json', rate: 0.02 },
  { kind: 'query_404', rate: 0.01 },
  { kind: 'query_cut', rate: 0.02 },
  { kind: 'truncated', rate: 0.03 },
  { kind: 'download_500', rate: 0.03 },
  { kind: 'download_cut', rate: 0.02 },
  { kind: 'wrong_content_type', rate: 0.02 },
];

const main = (app: string) => fileURLToPath(new URL(`../../${app}/src/main.ts`, import.meta.url));

requires('redis').describe('a producer and two workers as separate processes on Redis', () => {
  test(`all of ${RENDERS} renders end and none is bought twice, while faults hit every part and a worker is killed ${KILLS} times`, async () => {
    const simulator = await startSimulator({
      seed: 20_261,
      apiKeys: [plantSecret()],
      latency: { minMs: 50, p50Ms: 150, p95Ms: 500, maxMs: 1000 },
      quota: { submitPerSecond: 60, submitBurst: 120, queryPerSecond: 500, queryBurst: 1000 },
      faults: FAULTS,
    });
    cleanup(() => simulator.close());
    const env = await createEnvironment(simulator);
    const producer = spawnNode(main('producer'), { env, name: 'producer' });
    const address =
      /http:\/\/[\d.:]+/.exec(await producer.waitForLine(/http:\/\/127\.0\.0\.1:\d+/))?.[0] ?? '';
    const start = () => spawnNode(main('worker'), { env, name: 'worker' });
    let killed: NodeProcess = start();
    start();

    const ids = await enqueue(address);
    const store = await openStore({ storeUrl: env.STORE_URL, dataDir: env.DATA_DIR, clock: systemClock });
    const ledger = new Ledger(store, systemClock);
    for (let kill = 1; kill <= KILLS; kill += 1) {
      // Each kill hits a busy worker: it follows another tenth of the purchases.
      await until(() => simulator.book.totals().tasks >= kill * (RENDERS / 10), {
        timeout: 120_000,
        what: `kill ${kill}`,
      });
      await killed.kill('SIGKILL');
      killed = start();
    }

    const receipts = await readReceipts(ledger, ids);
    const statuses = await Promise.all(
      // A receipt is written right before its job ends.
      ids.map(async (id) => (await (await fetch(`${address}/v1/renders/${id}?wait=30`)).json()).status),
    );
    for (const [index, id] of ids.entries()) {
      const receipt = receipts.get(id) as Receipt;
      expect(statuses[index], id).toBe(receipt.status);
      expect(
        checkReceipt(receipt, simulator.book.byBusinessId(id)),
        `${id} ${receipt.failure?.code ?? ''}`,
      ).toBe('fine');
    }
    expect(simulator.book.entries().every((entry) => ids.includes(entry.clientBusinessId ?? ''))).toBe(true);
    const completed = [...receipts.values()].filter((receipt) => receipt.status === 'completed');
    expect(completed.length).toBeGreaterThan(RENDERS * 0.8);
    for (const receipt of completed)
      expect((await store.head(receipt.image?.key ?? ''))?.size).toBe(receipt.image?.bytes);
  }, 300_000);
});

async function createEnvironment(simulator: Simulator) {
  const folder = await tempDir();
  return {
    QUEUE_URL: service('redis').url,
    STORE_URL: pathToFileURL(`${folder}/store`).href,
    TOAPIS_BASE_URL: simulator.url,
    TOAPIS_API_KEY: simulator.apiKey,
    PORT: '0',
    WORKER_PORT: '0',
    DATA_DIR: folder,
    QUEUE_PREFIX: uniquePrefix(),
    // The other settings only shorten the test.
    TOAPIS_SUBMIT_PER_SECOND: '50',
    TOAPIS_QUERY_PER_SECOND: '400',
    EXPECTED_LATENCY_MS: '150',
    UNKNOWN_GRACE_MS: '1000',
    LOCK_DURATION_MS: '4000',
  };
}

async function enqueue(address: string): Promise<string[]> {
  const body = Array.from({ length: RENDERS }, (_, index) => ({
    prompt: `render ${index}`,
    idempotency_key: `chaos-${index}`,
  }));
  const answer = await fetch(`${address}/v1/renders/bulk`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  expect(answer.status).toBe(202);
  const { items } = (await answer.json()) as { items: { render: { id: string } }[] };
  return items.map((item) => item.render.id);
}

async function readReceipts(ledger: Ledger, ids: string[]): Promise<Map<string, Receipt>> {
  const found = new Map<string, Receipt>();
  await until(
    async () => {
      for (const id of ids) {
        if (found.has(id)) continue;
        const receipt = await ledger.readReceipt(id);
        if (receipt) found.set(id, receipt);
      }
      return found.size === ids.length;
    },
    { timeout: 200_000, every: 250, what: 'every render ended' },
  );
  return found;
}

const countKept = (entries: PurchaseRecord[]) => entries.filter((entry) => entry.refunded === 0).length;

/** Compares a receipt with what the provider sold. @returns `fine`, or what contradicts the receipt. */
function checkReceipt(receipt: Receipt, book: PurchaseRecord[]): string {
  const known = receipt.purchases.length;
  if (receipt.status === 'completed') {
    if (countKept(book) !== 1) return `completed, but ${countKept(book)} purchases were kept`;
    return book.length === known && known <= 3 ? 'fine' : `${book.length} purchases, ${known} known`;
  }
  const rules: Partial<Record<FailureCode, () => boolean>> = {
    invalid_request: () => countKept(book) === 0,
    content_policy_violation: () => countKept(book) === 0,
    generation_failed: () => countKept(book) === 0 && book.length === 3,
    // At most one purchase is unknown. Refunded purchases do not count.
    submission_unknown: () => countKept(book) <= 1 && book.length - known <= 1,
  };
  const code = receipt.failure?.code ?? 'internal_error';
  const rule = rules[code];
  if (!rule) return `no render may fail with ${code} here: ${receipt.failure?.message}`;
  return rule() ? 'fine' : `${code} with ${countKept(book)} purchases kept of ${book.length}, ${known} known`;
}
