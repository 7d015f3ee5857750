import { type RestoreJob, readQueueState } from '@darkroom/shared/queues';
import { createOwnRedis, requires, until, withOwnRedis } from '@darkroom/testkit';
import { expect, test, vi } from 'vitest';
import { type Harness, openHarness } from '../support/harness.ts';
import { acceptRenders, emptyQueue, writeJournal } from '../support/journal.ts';
import { spawnHangingWorker, spawnWorker } from '../support/spawn-worker.ts';
import { openWebhookHarness } from '../support/webhook-harness.ts';

// Processes start in seconds, on a busy machine in many.
vi.setConfig({ testTimeout: 300_000 });

/** Tasks take a second, so that renders are at every step. */
const SLOW = { latency: { minMs: 500, p50Ms: 1000, p95Ms: 1500, maxMs: 2000 } };

async function openLossHarness() {
  const redis = await createOwnRedis();
  await redis.start();
  const opened = await openWebhookHarness(
    { QUEUE_URL: redis.url, LOCK_DURATION_MS: 2000 },
    { simulator: SLOW },
  );
  const worker = await opened.harness.startWorker();
  await until(async () => isComplete(opened.harness));
  return { redis, worker, ...opened };
}

const isComplete = async ({ engine, queues }: Harness) =>
  (await readQueueState(engine, queues).catch(() => undefined)) === 'complete';

const createRequests = (count: number) => Array.from({ length: count }, () => ({}));

/** Every render completes, was bought once, and was reported once. Closes the worker, while Redis still answers. */
async function expectAllOnce(
  { harness, receiver, worker }: Awaited<ReturnType<typeof openLossHarness>>,
  ids: string[],
) {
  for (const id of ids) {
    await until(async () => (await harness.ledger.readReceipt(id))?.status === 'completed', {
      timeout: 60_000,
    });
    expect(harness.countPurchases(id)).toEqual({ charged: 1, refunded: 0 });
  }
  const webhooks = ids.map((id) => `msg_${id}_completed_0`);
  await until(() => {
    const received = new Set(receiver.received.map(({ id }) => id));
    return webhooks.every((id) => received.has(id));
  });
  expect(new Set(receiver.received.map(({ id }) => id)).size).toBe(ids.length);
  await worker.close();
}

withOwnRedis('a power loss of Redis loses no render, and none is bought twice', async () => {
  const opened = await openLossHarness();
  const { redis, harness } = opened;
  const first = await acceptRenders(harness, createRequests(15));
  await until(() => harness.simulator.book.totals().tasks >= 10);
  const onDisk = await redis.readFileSize();
  const second = await acceptRenders(harness, createRequests(15));
  await until(async () => (await harness.queues.render.getCompletedCount()) >= 5);
  await until(() => harness.simulator.book.totals().tasks >= 25);
  await redis.losePower(onDisk);
  await redis.start();
  await expectAllOnce(opened, [...first, ...second]);
});

withOwnRedis(
  'an empty new Redis under running workers loses no render, and none is bought twice',
  async () => {
    const opened = await openLossHarness();
    const { redis, harness } = opened;
    const ids = await acceptRenders(harness, createRequests(30));
    await until(async () => (await harness.queues.render.getCompletedCount()) >= 5);
    await redis.loseAll();
    await redis.start();
    await expectAllOnce(opened, ids);
  },
);

requires('redis').describe('a restore that is killed', () => {
  test('a restore that is killed twice adds every render once', async () => {
    const harness = await openHarness();
    for (let entry = 0; entry < 30; entry += 1) await writeJournal(harness, createRequests(50));
    await emptyQueue(harness);
    // The test looks at the restored jobs before they run.
    await harness.queues.render.pause();
    const readPosition = async () => {
      const [job] = await harness.queues.restore.getJobs();
      return (job?.data as RestoreJob | undefined)?.position?.after ?? '';
    };
    let reached = '';
    for (let kill = 1; kill <= 2; kill += 1) {
      // It restores one group, and hangs.
      const victim = spawnHangingWorker(harness, 'journal');
      await until(async () => (await readPosition()) > reached, { timeout: 120_000 });
      await victim.kill('SIGKILL');
      reached = await readPosition();
    }
    expect(await isComplete(harness)).toBe(false);
    spawnWorker(harness);
    await until(() => isComplete(harness), { timeout: 120_000 });
    const counts = await harness.queues.render.getJobCounts();
    const total = Object.values(counts).reduce((sum, count) => sum + count, 0);
    expect(total).toBe(1500);
  });
});
