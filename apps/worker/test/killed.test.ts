import { fileURLToPath } from 'node:url';
import { type NodeProcess, needs, spawnNode, until } from '@darkroom/testkit';
import type { FaultRule, Simulator } from '@darkroom/upstream-simulator';
import { expect, test } from 'vitest';
import { openRig, type Rig } from './rig.ts';

const MAIN = fileURLToPath(new URL('../src/main.ts', import.meta.url));

/** A worker in a process of its own, on the rig's queues and store. */
function spawnWorker(rig: Rig): NodeProcess {
  const { QUEUE_URL, DATA_DIR } = rig.settings;
  return spawnNode(MAIN, {
    name: 'worker',
    env: {
      QUEUE_URL,
      DATA_DIR,
      QUEUE_PREFIX: rig.prefix,
      STORE_URL: rig.store.url,
      TOAPIS_BASE_URL: rig.simulator.url,
      TOAPIS_API_KEY: rig.simulator.apiKey,
      WORKER_PORT: '0',
      EXPECTED_LATENCY_MS: '100',
      LOCK_DURATION_MS: '1000',
      UNKNOWN_GRACE_MS: '300',
    },
  });
}

/** Kills the worker as soon as the provider has seen a request of the category. */
async function killAt(category: 'submit' | 'query' | 'download', fault: FaultRule) {
  const rig = await openRig();
  rig.simulator.faults.add(fault);
  const victim = spawnWorker(rig);
  const id = await rig.render();
  await seen(rig.simulator, category);
  await victim.kill('SIGKILL');
  rig.simulator.faults.clear();
  spawnWorker(rig);
  return { rig, id };
}

const seen = (simulator: Simulator, category: 'submit' | 'query' | 'download') =>
  simulator.requests.until((counts) => counts.categories[category].received >= 1);

needs('redis').describe('a worker killed with SIGKILL', () => {
  test('between its POST and the answer buys nothing twice: the outcome is unknown and waits for a person', async () => {
    const { rig, id } = await killAt('submit', { kind: 'accept_then_hang' });
    const receipt = await rig.ended(id);
    expect(receipt.failure).toMatchObject({ code: 'submission_unknown', step: 'hold' });
    expect(rig.bought(id)).toEqual({ charged: 1, refunded: 0 });
    expect(rig.simulator.requests.counts().categories.submit.received).toBe(1);
    expect((await rig.queues.deadLetter.getJob(id))?.data.failure.code).toBe('submission_unknown');
  });

  test('while it looks is followed by another that looks, and costs no attempt', async () => {
    const { rig, id } = await killAt('query', { kind: 'query_hang' });
    expect((await rig.ended(id)).state).toBe('completed');
    expect((await rig.queues.render.getJob(id))?.attemptsMade).toBe(1);
    expect(rig.bought(id)).toEqual({ charged: 1, refunded: 0 });
  });

  test('while it downloads is followed by another that stores the image of the same purchase', async () => {
    const { rig, id } = await killAt('download', { kind: 'download_hang' });
    const receipt = await rig.ended(id);
    expect(receipt.state).toBe('completed');
    expect((await rig.store.head(receipt.image?.key ?? ''))?.size).toBe(receipt.image?.bytes);
    expect(rig.bought(id)).toEqual({ charged: 1, refunded: 0 });
  });

  test('again and again, five times, does not fail a render', async () => {
    const rig = await openRig();
    const id = await rig.render();
    rig.simulator.faults.add({ kind: 'query_hang', rate: 1 });
    for (let kill = 1; kill <= 5; kill += 1) {
      const victim = spawnWorker(rig);
      await rig.simulator.requests.until((counts) => counts.categories.query.received >= kill);
      await victim.kill('SIGKILL');
    }
    rig.simulator.faults.clear();
    spawnWorker(rig);
    await until(async () => (await rig.ended(id)).state === 'completed');
    expect(rig.bought(id)).toEqual({ charged: 1, refunded: 0 });
  }, 60_000);
});
