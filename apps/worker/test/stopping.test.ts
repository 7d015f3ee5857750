import { webhookId } from '@darkroom/shared/queues';
import { dayIndexPrefix } from '@darkroom/shared/render';
import { requires, service, startProxy, until } from '@darkroom/testkit';
import { expect, test, vi } from 'vitest';
import { findDeliveries } from '../../producer/src/backends/webhook-deliveries.ts';
import { deadLettersOf } from '../src/bullmq/index.ts';
import { type SweepDeps, sweep } from '../src/maintenance/index.ts';
import { announce } from '../src/notify/index.ts';
import { openRig } from './rig.ts';

// Some live through an outage, with thirty renders.
vi.setConfig({ testTimeout: 120_000 });

requires('redis').describe('stopping and being stopped', () => {
  test('a worker that is told to stop lets the submission that is under way finish', async () => {
    const rig = await openRig();
    rig.simulator.faults.add({ kind: 'slow', ms: 700 });
    const worker = await rig.work();
    const id = await rig.render();
    await rig.simulator.requests.until((counts) => counts.categories.submit.received === 1);
    await worker.close();
    expect(await rig.ledger.attemptState(id, 1)).toMatchObject({ state: 'accepted' });
    await rig.work();
    expect((await rig.ended(id)).status).toBe('completed');
    expect(rig.simulator.requests.counts().categories.submit.received).toBe(1);
  });

  test('a worker that is told to stop puts looks back, and the next one goes on', async () => {
    const rig = await openRig({ settings: { LOCK_DURATION_MS: 30_000 } });
    rig.simulator.faults.add({ kind: 'query_hang' });
    const worker = await rig.work();
    const id = await rig.render();
    await rig.simulator.requests.until((counts) => counts.categories.query.received === 1);
    await worker.close();
    expect(await (await rig.queues.render.getJob(id))?.getState()).toBe('delayed');
    await rig.work();
    expect((await rig.ended(id)).status).toBe('completed');
    expect(rig.bought(id).charged).toBe(1);
  });

  test('a download that outlasts the shutdown is put back without an attempt', async () => {
    const rig = await openRig({ settings: { LOCK_DURATION_MS: 30_000, SHUTDOWN_TIMEOUT_MS: 200 } });
    rig.simulator.faults.add({ kind: 'download_hang' });
    const worker = await rig.work();
    const id = await rig.render();
    await rig.simulator.requests.until((counts) => counts.categories.download.received === 1);
    await worker.close();
    const child = await rig.queues.store.getJob(`${id}.t1`);
    expect(await child?.getState()).toBe('delayed');
    expect(child?.attemptsMade).toBe(0);
    await rig.work();
    expect((await rig.ended(id)).status).toBe('completed');
    expect(rig.bought(id).charged).toBe(1);
  });

  test('an intent without an outcome is never posted, whoever left it', async () => {
    const rig = await openRig({ settings: { UNKNOWN_GRACE_MS: 100 } });
    const id = await rig.render();
    const { request } = await rig.checkpoint(id);
    await rig.ledger.claim(id, 1, {
      owner: 'a worker that is gone',
      provider: 'toapis',
      claimedBy: 'elsewhere',
      request,
    });
    await rig.work();
    expect((await rig.ended(id)).failure?.code).toBe('submission_unknown');
    expect(rig.simulator.requests.counts().categories.submit.received).toBe(0);
  });

  test('an acceptance that a dead worker had written is taken up, not bought again', async () => {
    const rig = await openRig();
    const id = await rig.render();
    const answer = await fetch(`${rig.simulator.url}/v1/images/generations`, {
      method: 'POST',
      headers: { authorization: `Bearer ${rig.simulator.apiKey}`, 'content-type': 'application/json' },
      body: JSON.stringify({
        model: 'gemini-3-pro-image-preview',
        prompt: 'a mug',
        n: 1,
        client_business_id: id,
      }),
    });
    const { id: taskId } = (await answer.json()) as { id: string };
    await rig.ledger.writeAcceptance(id, 1, {
      taskId,
      acceptedAt: Date.now(),
      costMicros: 25_000,
      provider: 'toapis',
      source: 'answer',
    });
    await rig.work();
    expect((await rig.ended(id)).purchases).toMatchObject([{ taskId }]);
    expect(rig.bought(id).charged).toBe(1);
  });

  test('Redis away for longer than the locks live: everything goes on by itself, nothing is bought twice', async () => {
    const direct = new URL(service('redis').url);
    const proxy = await startProxy(`redis://${direct.host}`);
    const through = new URL(direct);
    through.port = String(proxy.port);
    through.hostname = '127.0.0.1';
    const rig = await openRig({
      settings: { QUEUE_URL: through.href, LOCK_DURATION_MS: 1000 },
      simulator: { latency: { minMs: 300, p50Ms: 600, p95Ms: 900, maxMs: 1000 } },
    });
    await rig.work();
    const ids = await Promise.all(Array.from({ length: 30 }, () => rig.render()));
    await until(() => rig.simulator.book.totals().tasks >= 10);
    await proxy.refuse();
    proxy.cut();
    // Longer than the locks: another run may start beside the first, and must do no harm.
    const before = Date.now();
    await until(() => Date.now() - before > 2500);
    await proxy.resume();
    for (const id of ids) {
      await until(async () => (await (await rig.queues.render.getJob(id))?.getState()) === 'completed', {
        timeout: 60_000,
      });
      expect(rig.bought(id), id).toEqual({ charged: 1, refunded: 0 });
    }
  });

  test('a render that failed without a burial gets letter, receipt and webhook from the sweep, once', async () => {
    const rig = await openRig();
    const webhook = { kind: 'url', url: 'https://hooks.example.invalid/in' } as const;
    const id = await rig.render({ webhook });
    // Fails it as BullMQ does for stalling: without a stage, and so without a burial.
    const stranger = rig.engine.worker('render', async () => {
      throw new Error('job stalled more than allowable limit');
    });
    await until(async () => (await rig.queues.render.getJob(id))?.finishedOn);
    await stranger.close();
    await rig.mark(id);
    const { queues, ledger, store, settings } = rig;
    const deps: SweepDeps = {
      queues,
      ledger,
      now: Date.now,
      log: { warn: () => undefined } as never,
      put: deadLettersOf(queues).put,
      announce: (receipt, end, signal) => announce({ queues, store, settings }, receipt, end, signal),
      signal: new AbortController().signal,
    };
    expect(await sweep(deps)).toBe(1);
    expect(await sweep(deps)).toBe(0);
    const letter = await queues.deadLetter.getJob(id);
    expect(letter?.data.failure).toMatchObject({ code: 'worker_lost', step: 'submit' });
    const receipt = await ledger.readReceipt(id);
    expect(receipt).toMatchObject({ state: 'failed', attempts: 0, costMicros: 0 });
    expect(receipt?.failure).toEqual(letter?.data.failure);
    expect(receipt?.notes?.at(-1)?.text).toBe('dead: worker_lost: job stalled more than allowable limit');
    // As its burial would have: told under the number of this end, found by the day, not to be canceled later.
    expect((await findDeliveries(queues, id)).map((delivery) => delivery.id)).toEqual([
      webhookId(id, 'failed', 0, 0),
    ]);
    const { objects } = await store.list({ prefix: dayIndexPrefix('default', receipt?.createdAt ?? 0) });
    expect(objects.map(({ key }) => key.endsWith(id))).toEqual([true]);
    expect(await queues.cancel.getJob(id)).toBeUndefined();

    await rig.work();
    await rig.redrive(id);
    expect((await rig.ended(id)).status).toBe('completed');
    expect(rig.bought(id).charged).toBe(1);
    expect(await rig.queues.deadLetter.getJob(id)).toBeUndefined();
  });
});

requires('redis').describe('the quota', () => {
  test('two workers together stay inside the submission quota and never meet a 429', async () => {
    const rig = await openRig({
      settings: { TOAPIS_SUBMIT_PER_SECOND: 5 },
      simulator: { quota: { submitPerSecond: 5, submitBurst: 50, queryPerSecond: 50, queryBurst: 500 } },
    });
    await rig.work();
    await rig.work();
    const ids = await Promise.all(Array.from({ length: 25 }, () => rig.render()));
    for (const id of ids) expect((await rig.ended(id)).status).toBe('completed');
    expect(rig.simulator.requests.counts().categories.submit.quotaRefused).toBe(0);
    // Five windows of five: the first and the last are four seconds apart. What begins apart may arrive together.
    const begun = await Promise.all(ids.map((id) => rig.queues.submit.getJob(`${id}.s1`)));
    const times = begun.map((job) => job?.processedOn ?? 0);
    expect(Math.max(...times) - Math.min(...times)).toBeGreaterThan(3_900);
  });

  test('while the query quota is blocked nobody polls, and nothing fails for it', async () => {
    const rig = await openRig();
    rig.simulator.faults.add({ kind: 'query_429', retryAfterSeconds: 1 });
    await rig.work();
    const ids = [await rig.render(), await rig.render(), await rig.render()];
    for (const id of ids) expect((await rig.ended(id)).status).toBe('completed');
    expect(ids.map((id) => rig.bought(id).charged)).toEqual([1, 1, 1]);
  });
});

requires('redis').describe('reference images', () => {
  const png = Buffer.from(
    'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
    'base64',
  );
  const stored = { kind: 'stored', key: 'inputs/abc', contentType: 'image/png', bytes: png.length } as const;

  test('bytes are uploaded first and travel as a URL', async () => {
    const rig = await openRig();
    await rig.store.put('inputs/abc', png, { contentType: 'image/png' });
    await rig.work();
    const id = await rig.render({ images: [stored] });
    expect((await rig.ended(id)).status).toBe('completed');
    expect(rig.simulator.requests.counts().categories.upload.received).toBe(1);
    const task = rig.simulator.tasks.get(rig.simulator.book.byBusinessId(id)[0]?.taskId ?? '');
    expect(task?.references).toHaveLength(1);
  });

  test('an upload that fails has bought nothing and is tried again; one that is refused is dead', async () => {
    const rig = await openRig();
    await rig.store.put('inputs/abc', png, { contentType: 'image/png' });
    rig.simulator.faults.add({ kind: 'internal_error', route: 'upload' });
    await rig.work();
    const fine = await rig.render({ images: [stored] });
    expect((await rig.ended(fine)).status).toBe('completed');
    expect((await rig.queues.submit.getJob(`${fine}.s1`))?.attemptsMade).toBe(2);

    await rig.store.put('inputs/bad', 'not an image', { contentType: 'image/png' });
    const bad = await rig.render({ images: [{ ...stored, key: 'inputs/bad' }] });
    expect((await rig.ended(bad)).failure).toMatchObject({ code: 'invalid_request', step: 'submit' });
    expect(rig.bought(bad).charged).toBe(0);
  });
});
