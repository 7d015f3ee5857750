import { openStore } from '@darkroom/shared/object-store';
import { cleanup, requires, service, startHttpProxy, tempDir, uniqueS3Url, until } from '@darkroom/testkit';
import type { FaultRule } from '@darkroom/upstream-simulator';
import { expect, test, vi } from 'vitest';
import { hasty, openRig } from '../support/harness.ts';

// An outage is lived through in several steps, each of which may take its time.
vi.setConfig({ testTimeout: 120_000 });

requires('redis').describe('failures while storing', () => {
  test.for<FaultRule>([
    { kind: 'download_500' },
    { kind: 'download_cut' },
    { kind: 'truncated' },
    { kind: 'wrong_content_type' },
    { kind: 'oversize' },
    { kind: 'download_hang' },
    { kind: 'expired', times: 1 },
  ])('$kind is tried again with an attempt, from the same purchase', async (fault) => {
    const hangs = fault.kind === 'download_hang' ? { DOWNLOAD_TIMEOUT_MS: 3000 } : {};
    const rig = await openRig({ settings: { RESULT_MAX_BYTES: 4_000_000, ...hangs } });
    const state = rig.simulator.faults.add(fault);
    await rig.work();
    const id = await rig.render();
    expect((await rig.ended(id)).status).toBe('completed');
    expect(state.fired).toBe(1);
    expect((await rig.queues.store.getJob(`${id}.t1`))?.attemptsMade).toBe(2);
    expect(rig.bought(id).charged).toBe(1);
  });

  test('a result that has moved is found where the provider says it is now', async () => {
    const rig = await openRig();
    rig.simulator.faults.add({ kind: 'download_500', rate: 1 });
    const outage = await rig.work({ settings: { STORE_CONCURRENCY: 1 } });
    const id = await rig.render();
    await until(async () => ((await rig.queues.store.getJob(`${id}.t1`))?.attemptsMade ?? 0) >= 1);
    await outage.close();
    rig.simulator.faults.clear();
    await rig.ledger.writeResult(id, 1, {
      url: `${rig.simulator.url}/moved/away.jpg`,
      expiresAt: Number.MAX_SAFE_INTEGER,
    });
    await rig.work();
    expect((await rig.ended(id)).status).toBe('completed');
    expect(rig.bought(id).charged).toBe(1);
    expect((await rig.ledger.readResult(id, 1))?.url).not.toContain('moved');
  });

  test('a redirect inside the allowed hosts is followed', async () => {
    const rig = await openRig();
    rig.simulator.faults.add({ kind: 'redirect' });
    await rig.work();
    const id = await rig.render();
    expect((await rig.ended(id)).status).toBe('completed');
    expect(rig.bought(id).charged).toBe(1);
    expect((await rig.queues.store.getJob(`${id}.t1`))?.attemptsMade).toBe(1);
  });

  test('a redirect to a host that is not allowed is dead, and the image stays redrivable', async () => {
    const rig = await openRig();
    rig.simulator.faults.add({ kind: 'redirect', to: 'http://localhost:1/secrets' });
    await rig.work();
    const id = await rig.render();
    expect((await rig.ended(id)).failure).toMatchObject({ code: 'result_host_refused', step: 'store' });
    expect((await rig.queues.store.getJob(`${id}.t1`))?.attemptsMade).toBe(1);
    await rig.redrive(id);
    await until(async () => (await rig.ended(id)).status === 'completed');
    expect(rig.bought(id).charged).toBe(1);
  });

  test('private addresses are refused unless they are allowed or are the provider itself', async () => {
    const rig = await openRig({ settings: { ALLOW_PRIVATE_HOSTS: false, RESULT_HOSTS: ['localhost'] } });
    rig.simulator.faults.add({
      kind: 'redirect',
      to: `https://localhost:${new URL(rig.simulator.url).port}/x.jpg`,
    });
    await rig.work();
    const refused = await rig.render();
    expect((await rig.ended(refused)).failure).toMatchObject({
      code: 'result_host_refused',
      message: 'localhost resolves to an address that is not public',
    });
    expect((await rig.queues.store.getJob(`${refused}.t1`))?.attemptsMade).toBe(1);
    expect(rig.bought(refused).charged).toBe(1);
    const fine = await rig.render();
    expect((await rig.ended(fine)).status).toBe('completed');
  });

  test('a result that expired before it was stored is bought again, within MAX_PURCHASES', async () => {
    const rig = await openRig({ simulator: { resultTtlMs: 1 } });
    await rig.work();
    const id = await rig.render();
    const receipt = await rig.ended(id);
    expect(receipt).toMatchObject({ attempts: 3, costMicros: 75_000, failure: { code: 'result_expired' } });
    expect(rig.bought(id)).toEqual({ charged: 3, refunded: 0 });
  });

  test('a result that the host has lost is bought again', async () => {
    const rig = await openRig();
    rig.simulator.faults.add({ kind: 'expired', times: 5 });
    await rig.work();
    const id = await rig.render();
    expect(await rig.ended(id)).toMatchObject({ state: 'completed', attempts: 2 });
    expect(rig.bought(id).charged).toBe(2);
  });

  test('a bug is dead at once, with its stack, and never retried blindly', async () => {
    const rig = await openRig();
    const id = await rig.render();
    await rig.store.put(`ledger/${id}/1/intent.json`, 'not json', { contentType: 'application/json' });
    await rig.work();
    const receipt = await rig.ended(id);
    expect(receipt.failure).toMatchObject({ code: 'internal_error', step: 'submit' });
    expect(receipt.failure?.chain.join('\n')).toMatch(/SyntaxError[\s\S]*at .*ledger/);
    expect((await rig.queues.submit.getJob(`${id}.s1`))?.attemptsMade).toBe(1);
    expect(rig.bought(id).charged).toBe(0);
    expect(rig.simulator.requests.counts().categories.submit.received).toBe(0);
  });
});

/** A store on the real S3 server, with faults between. */
async function storeBehindProxy() {
  const { bucket: _, ...access } = service('s3');
  const proxy = await startHttpProxy(access.endpoint);
  const s3 = { ...access, endpoint: proxy.url };
  const store = await openStore({ storeUrl: uniqueS3Url(), dataDir: await tempDir(), s3, clock: hasty });
  cleanup(() => store.close());
  return { store, proxy };
}

requires('redis', 's3').describe('S3 away', () => {
  test('while S3 is away nothing fails and nothing is bought; afterwards every render completes from one purchase', async () => {
    const { store, proxy } = await storeBehindProxy();
    const rig = await openRig({ settings: { UNKNOWN_GRACE_MS: 60_000 } });
    await rig.queues.submit.pause();
    await rig.work({ store });
    const early = await rig.render();
    await until(async () => (await rig.queues.render.getJobState(early)) === 'waiting-children');
    await proxy.refuse();
    await rig.queues.submit.resume();
    // One that cannot even be entered into the index of its day: nothing is bought that nobody could list.
    const unseen = await rig.render();
    await until(async () => ((await rig.queues.render.getJob(unseen))?.attemptsStarted ?? 0) >= 3, {
      timeout: 45_000,
    });
    expect((await rig.queues.render.getJob(unseen))?.attemptsMade).toBe(0);
    expect(await rig.queues.submit.getJob(`${unseen}.s1`)).toBeUndefined();
    await until(async () => ((await rig.queues.submit.getJob(`${early}.s1`))?.attemptsStarted ?? 0) >= 3);
    expect(rig.simulator.requests.counts().categories.submit.received).toBe(0);
    expect((await rig.queues.submit.getJob(`${early}.s1`))?.attemptsMade).toBe(0);
    await proxy.resume();
    for (const id of [early, unseen]) {
      await until(async () => (await rig.queues.render.getJobState(id)) === 'completed', { timeout: 45_000 });
      expect(rig.bought(id).charged).toBe(1);
    }

    // Away when the image is to be put: the paid image waits at the provider.
    const outage = proxy.fail({ method: 'PUT', path: /images\// }, { status: 503 });
    const late = await rig.render();
    await until(async () => ((await rig.queues.store.getJob(`${late}.t1`))?.attemptsStarted ?? 0) >= 3);
    expect((await rig.queues.store.getJob(`${late}.t1`))?.attemptsMade).toBe(0);
    outage.remove();
    await until(async () => (await (await rig.queues.render.getJob(late))?.getState()) === 'completed', {
      timeout: 45_000,
    });
    expect(rig.bought(late).charged).toBe(1);
  });

  test.for([503, 400, 403])(
    'a task id that the ledger could not take (%i) is kept in the job and written later',
    async (status) => {
      const { store, proxy } = await storeBehindProxy();
      const rig = await openRig();
      await rig.work({ store });
      const outage = proxy.fail({ method: 'PUT', path: /accepted\.json/ }, { status });
      const id = await rig.render();
      await until(async () => Boolean((await rig.queues.submit.getJob(`${id}.s1`))?.data.accepted), {
        timeout: 45_000,
      });
      outage.remove();
      await until(async () => (await (await rig.queues.render.getJob(id))?.getState()) === 'completed', {
        timeout: 45_000,
      });
      expect(rig.bought(id).charged).toBe(1);
      expect(rig.simulator.requests.counts().categories.submit.received).toBe(1);
    },
  );
});

requires('redis', 's3').test('a worker that starts while S3 is away waits for it', async () => {
  const { store, proxy } = await storeBehindProxy();
  const rig = await openRig({ clock: { ...hasty, sleep: (_ms, signal) => hasty.sleep(50, signal) } });
  await proxy.refuse();
  const starting = rig.work({ store });
  const id = await rig.render();
  expect(await (await rig.queues.render.getJob(id))?.getState()).toBe('prioritized');
  await proxy.resume();
  await starting;
  await until(async () => (await (await rig.queues.render.getJob(id))?.getState()) === 'completed');
});
