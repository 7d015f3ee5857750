import { BATCH_LIMITS } from '@darkroom/api';
import { type BatchLine, type BatchRecord, BatchStore, batchRun, FileStore } from '@darkroom/shared/batches';
import { DATA_VERSION } from '@darkroom/shared/render';
import { RunStore } from '@darkroom/shared/runs';
import { requires, until } from '@darkroom/testkit';
import { expect, test, vi } from 'vitest';
import { countPurchases, createBatch, toLine, waitForBatch } from '../support/batches.ts';
import { openHarness } from '../support/harness.ts';
import { spawnWorker } from '../support/spawn-worker.ts';

/** `BATCH_LINES=1200` runs three parts. */
const LINES = Number(process.env['BATCH_LINES'] ?? 80);

vi.setConfig({ testTimeout: 90_000 + LINES * 250 });

const IDS = Array.from({ length: LINES }, (_, index) => `sku-${index}`);

requires('redis').describe('a batch', () => {
  test('goes on after its workers were killed with SIGKILL and the queue was emptied: each line is bought once', async () => {
    const harness = await openHarness();
    const { store, queues } = harness;
    const env = { TOAPIS_SUBMIT_PER_SECOND: '60', TOAPIS_QUERY_PER_SECOND: '1000' };
    const batch = await createBatch(
      harness,
      IDS.map((id) => toLine(id)),
    );
    const batches = new BatchStore(store);
    const moments: [string, () => Promise<boolean>][] = [
      ['add', async () => (await batches.countAdded(batch)) > 0],
      ['render', async () => harness.simulator.book.totals().tasks >= LINES / 4],
    ];
    let worker = spawnWorker(harness, env);
    for (const [phase, hasCome] of moments) {
      await until(hasCome, { timeout: 60_000, every: 2, what: `the batch has begun to ${phase}` });
      await worker.kill('SIGKILL');
      worker = spawnWorker(harness, env);
    }
    // Its job is lost; the sweep and a restore find it in the store.
    await queues.batch.obliterate({ force: true });
    await queues.maintenance.add('sweep', { version: DATA_VERSION, chore: 'sweep' });
    expect(await waitForBatch(harness, batch, 60_000 + LINES * 250)).toMatchObject({ status: 'completed' });
    const run = await new RunStore(store).readRun(batchRun(batch));
    const { completed = 0, failed = 0, canceled = 0 } = run?.lastEnd ?? {};
    expect(completed + failed + canceled).toBe(LINES);
    const bought = countPurchases(harness, batch, IDS);
    // A submission that was in flight at a kill is unknown, and is not bought again.
    for (const [id, prompts] of bought) if (prompts.length > 0) expect(prompts).toEqual([`a ${id}`]);
    expect([...bought.values()].filter((prompts) => prompts.length === 1).length).toBeGreaterThanOrEqual(
      completed,
    );
  });

  test('ends only when each line has an end: lines that no queue has are added, whatever the marks say', async () => {
    const harness = await openHarness();
    const batches = new BatchStore(harness.store);
    const ids = ['one', 'two'];
    const batch = await createBatch(
      harness,
      ids.map((id) => toLine(id)),
    );
    for (const [part, id] of ids.entries()) {
      const { body } = JSON.parse(toLine(id)) as { body: { prompt: string } };
      const request = { ...body, model: 'gemini-3-pro-image-preview' as const, resolution: '1K' as const };
      await batches.writePart(batch, part, [
        { custom_id: id, line: part + 1, request: request as BatchLine['request'] },
      ]);
      await batches.markAdded(batch, part);
    }
    const problems = { count: 0, listed: [] };
    await batches.writeCheck(batch, { at: Date.now(), lines: 2, parts: 2, problems });
    await harness.startWorker();
    expect(await waitForBatch(harness, batch)).toMatchObject({ status: 'completed' });
    expect([...countPurchases(harness, batch, ids).values()]).toEqual([['a one'], ['a two']]);
  });

  test('that is canceled, or has expired, before a worker saw it is not even checked', async () => {
    const harness = await openHarness();
    const batches = new BatchStore(harness.store);
    const canceled = await createBatch(harness, [toLine('one')]);
    await batches.writeCancel(canceled, { at: Date.now(), actor: 'a test' });
    const expired = await createBatch(harness, [toLine('one')], { deadlineAt: Date.now() - 1 });
    await harness.startWorker();
    expect(await waitForBatch(harness, canceled)).toMatchObject({ status: 'cancelled' });
    expect(await waitForBatch(harness, expired)).toMatchObject({ status: 'expired' });
    for (const batch of [canceled, expired]) {
      expect(await batches.readCheck(batch)).toBeUndefined();
      expect(await new RunStore(harness.store).readRun(batchRun(batch))).toBeUndefined();
    }
  });

  test('whose file is deleted, empty, or has a line or a number of lines that is too large, fails', async () => {
    const harness = await openHarness();
    const batches = new BatchStore(harness.store);
    const { lines: maxLines, lineBytes } = BATCH_LIMITS;
    const deleted = await createBatch(harness, [toLine('one')]);
    const files = new FileStore(harness.store);
    const file = await files.read({ tenant: deleted.tenant, id: deleted.inputFileId });
    if (file) await files.delete(file);
    const cases: [BatchRecord, string, number][] = [
      [deleted, 'file_not_found', 0],
      [await createBatch(harness, []), 'empty_file', 0],
      [await createBatch(harness, [toLine('one'), toLine('two', 'x'.repeat(lineBytes))]), 'line_too_long', 2],
      [
        await createBatch(
          harness,
          Array.from({ length: maxLines + 3 }, () => '{'),
        ),
        'invalid_json_line',
        maxLines + 1,
      ],
    ];
    await harness.startWorker();
    for (const [batch, code, lines] of cases) {
      expect(await waitForBatch(harness, batch)).toMatchObject({ status: 'failed' });
      const check = await batches.readCheck(batch);
      expect(check?.lines).toBe(lines);
      expect(check?.problems.listed[0]?.code).toBe(code);
    }
    expect(harness.simulator.book.totals().tasks).toBe(0);
  });

  test('buys nothing if a line has a problem, and stops at its deadline with what it has bought', async () => {
    const harness = await openHarness({ settings: { TOAPIS_SUBMIT_PER_SECOND: 5 } });
    const batches = new BatchStore(harness.store);
    const lines = Array.from({ length: 120 }, (_, index) => toLine(`cup-${index}`));
    const wrong = await createBatch(harness, [...lines, toLine('cup-0'), '{', toLine('x', ' ')]);
    await harness.startWorker();
    expect(await waitForBatch(harness, wrong)).toMatchObject({ status: 'failed' });
    const check = await batches.readCheck(wrong);
    expect(check).toMatchObject({ lines: 123, problems: { count: 3 } });
    expect(check?.problems.listed.map(({ line, code, param }) => [line, code, param])).toEqual([
      [121, 'duplicate_custom_id', 'custom_id'],
      [122, 'invalid_json_line', null],
      [123, 'invalid_request', 'body.prompt'],
    ]);
    expect(await new RunStore(harness.store).readRun(batchRun(wrong))).toBeUndefined();
    // It buys five per second, so all of them would take more than twice the time.
    const late = await createBatch(harness, lines, { deadlineAt: Date.now() + 10_000 });
    expect(await waitForBatch(harness, late)).toMatchObject({
      status: 'expired',
      finalizingAt: late.deadlineAt,
    });
    const run = await new RunStore(harness.store).readRun(batchRun(late));
    const { completed = 0, canceled = 0 } = run?.lastEnd ?? {};
    expect(completed + canceled).toBe(120);
    expect(completed).toBeGreaterThan(0);
    expect(canceled).toBeGreaterThan(0);
    expect(harness.simulator.book.totals().tasks).toBe(completed);
  });
});
