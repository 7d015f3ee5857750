import { CatalogueRunStore, type ManifestEntry, type RunItem } from '@darkroom/catalogue';
import type { Clock } from '@darkroom/shared/runtime';
import { requires, until } from '@darkroom/testkit';
import { expect, test, vi } from 'vitest';
import {
  beginRun,
  CATALOGUE,
  countPurchases,
  createCsv,
  expectCountsToAddUp,
  expectRightImages,
  readLines,
  readManifest,
  waitForRun,
} from '../support/catalogues.ts';
import { type Harness, lowJitterClock, openHarness } from '../support/harness.ts';

vi.setConfig({ testTimeout: 120_000 });

/** A run that is planned already, whose deadline is soon. */
async function beginPlannedRun(harness: Harness, rows: number, deadlineAt: number | null) {
  const runs = new CatalogueRunStore(harness.store);
  const items = Array.from(
    { length: rows },
    (_, index): RunItem => ({
      key: `S-${index}`,
      view: null,
      name: `S-${index}.jpg`,
      line: index + 2,
      hash: `1:${'0'.repeat(64)}`,
      inputs: {
        prompt: `A photo of shoe S-${index} in red`,
        model: 'gemini-3-pro-image-preview',
        size: null,
        resolution: '1K',
        format: 'jpg',
        references: [],
      },
      action: 'buy',
      references: [],
      kept: null,
    }),
  );
  const id = { ...CATALOGUE, run: 'night-1' };
  await runs.writePlanPart(id, 0, items);
  await runs.writePlan(id, {
    parts: 1,
    rows,
    items: rows,
    buys: rows,
    removed: 0,
    priceMicros: rows * 25_000,
    source: { sha256: '0'.repeat(64), bytes: 1 },
    plannedAt: Date.now(),
    deadlineAt,
    guards: [],
    quarantine: { count: 0, listed: [] },
  });
  return await beginRun(harness, createCsv(rows));
}

requires('redis').describe('a run that stops buying', () => {
  const slow = {
    settings: { TOAPIS_SUBMIT_PER_SECOND: 5 },
    simulator: { latency: { minMs: 500, p50Ms: 1_000, p95Ms: 1_500, maxMs: 2_000 } },
  };

  test('after its deadline it buys nothing more, stores what was bought, and lists the rest', async () => {
    // The clock of the worker passes the deadline when the run has bought, however slow the machine is.
    let latest = Number.POSITIVE_INFINITY;
    const clock: Clock = { ...lowJitterClock, now: () => Math.min(lowJitterClock.now(), latest) };
    const harness = await openHarness({ ...slow, clock });
    await harness.startWorker();
    const deadlineAt = Date.now() + 4_000;
    latest = deadlineAt - 1;
    const id = await beginPlannedRun(harness, 100, deadlineAt);
    await until(() => countPurchases(harness) >= 10);
    latest = Number.POSITIVE_INFINITY;
    const passedAt = Math.max(deadlineAt, Date.now());
    const summary = await waitForRun(harness, id);
    expect(summary).toMatchObject({ status: 'partial', deadline: new Date(deadlineAt).toISOString() });
    expectCountsToAddUp(summary, 100);
    const entries = harness.simulator.book.entries();
    // The worker sees the deadline within a round of a second. The quota is five per second.
    expect(entries.filter(({ createdAt }) => createdAt > passedAt).length).toBeLessThanOrEqual(20);
    expect(summary.counts).toMatchObject({
      bought: entries.length,
      not_bought: 100 - entries.length,
      failed: 0,
    });
    const manifest = await readManifest(harness, id);
    await expectRightImages(harness, manifest);
    const errors = await readLines<ManifestEntry>(harness, id, 'errors.jsonl');
    expect(new Set(errors.map(({ error }) => error?.code))).toEqual(new Set(['deadline']));
    expect(await harness.queues.cancel.count()).toBe(0);
  });

  test('a deadline that has passed before the run begins buys nothing', async () => {
    const harness = await openHarness();
    await harness.startWorker();
    const summary = await waitForRun(harness, await beginPlannedRun(harness, 30, Date.now() - 1));
    expect(summary.counts).toMatchObject({ items: 30, bought: 0, not_bought: 30 });
    expect(countPurchases(harness)).toBe(0);
  });

  test('a run that is canceled in the middle delivers what was bought, and the next night buys only the rest', async () => {
    const harness = await openHarness(slow);
    await harness.startWorker();
    const id = await beginRun(harness, createCsv(40));
    await until(() => countPurchases(harness) >= 5);
    const runs = new CatalogueRunStore(harness.store);
    await runs.writeControl(id, { wanted: 'cancel', actor: 'a test', reason: null, at: Date.now() });
    const summary = await waitForRun(harness, id);
    expect(summary.status).toBe('canceled');
    expectCountsToAddUp(summary, 40);
    const bought = countPurchases(harness);
    expect(bought).toBeLessThan(40);
    expect(summary.counts).toMatchObject({ bought, not_bought: 40 - bought, failed: 0 });
    await expectRightImages(harness, await readManifest(harness, id));
    const next = await waitForRun(harness, await beginRun(harness, createCsv(40), { run: 'night-2' }));
    expect(next.counts).toMatchObject({ bought: 40 - bought, unchanged: bought });
    expect(countPurchases(harness)).toBe(40);
  });
});
