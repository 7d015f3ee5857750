import { CatalogueRunStore, runKey } from '@darkroom/catalogue';
import { requires, until } from '@darkroom/testkit';
import { expect, test, vi } from 'vitest';
import {
  beginRun,
  countPurchases,
  createCsv,
  expectCountsToAddUp,
  expectRightImages,
  readManifest,
  waitForRun,
} from '../support/catalogues.ts';
import { openHarness } from '../support/harness.ts';
import { spawnWorker } from '../support/spawn-worker.ts';

// Processes start in seconds, on a busy machine in many.
vi.setConfig({ testTimeout: 600_000 });

const ROWS = 120;

requires('redis').describe('a worker that runs a catalogue and is killed with SIGKILL', () => {
  test('while it plans, adds, waits and delivers: each item is in the manifest once, and is bought once', async () => {
    const harness = await openHarness();
    const { store } = harness;
    const env = { TOAPIS_SUBMIT_PER_SECOND: '60', TOAPIS_QUERY_PER_SECOND: '1000' };
    const id = await beginRun(harness, createCsv(ROWS));
    const runs = new CatalogueRunStore(store);
    const exists = async (name: string) => (await store.head(runKey(id, name))) !== undefined;
    let worker = spawnWorker(harness, env);
    const moments: [string, () => Promise<boolean>][] = [
      ['plan', () => exists('plan/00000.jsonl.zst')],
      ['add', () => exists('added/00000')],
      ['wait', async () => countPurchases(harness) >= ROWS / 2],
      ['deliver', async () => (await runs.listResults(id)).size > 0],
    ];
    for (const [phase, hasCome] of moments) {
      await until(hasCome, { timeout: 120_000, every: 2, what: `the run has begun to ${phase}` });
      await worker.kill('SIGKILL');
      worker = spawnWorker(harness, env);
    }
    const summary = await waitForRun(harness, id, 180_000);
    expectCountsToAddUp(summary, ROWS);
    const manifest = await readManifest(harness, id);
    expect(manifest.map(({ key }) => key)).toEqual(Array.from({ length: ROWS }, (_, index) => `S-${index}`));
    await expectRightImages(harness, manifest);
    // A submission that was in flight at a kill is unknown, and is not bought again.
    expect(manifest.filter(({ error }) => error && error.code !== 'submission_unknown')).toEqual([]);
    const ids = manifest.map(({ render_id: renderId }) => renderId ?? '');
    const charged = ids.map((one) => harness.countPurchases(one).charged);
    expect(Math.max(...charged)).toBe(1);
    const { bought, failed } = summary.counts;
    expect(bought + failed).toBe(ROWS);
    const paid = countPurchases(harness);
    expect(paid).toBeGreaterThanOrEqual(bought);
    expect(paid).toBeLessThanOrEqual(bought + failed);
  });
});
