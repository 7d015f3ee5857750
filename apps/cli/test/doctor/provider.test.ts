import { randomUUID } from 'node:crypto';
import { openEngine } from '@darkroom/shared/engine';
import { openQueues, type Queues } from '@darkroom/shared/queues';
import { cleanup, requires, service, tempDir, uniquePrefix } from '@darkroom/testkit';
import { startSimulator } from '@darkroom/upstream-simulator';
import { expect, test } from 'vitest';
import { runDoctor } from '../support/check-list.ts';

async function startProvider(options: Parameters<typeof startSimulator>[0] = {}) {
  const simulator = await startSimulator({ seed: 7, ...options });
  cleanup(() => simulator.close());
  const env = { TOAPIS_BASE_URL: simulator.url, TOAPIS_API_KEY: simulator.apiKey, DATA_DIR: await tempDir() };
  return { simulator, env };
}

test('doctor finds a wrong key', async () => {
  const { env } = await startProvider();
  const { lines, code } = await runDoctor({ ...env, TOAPIS_API_KEY: 'sk-wrong' });
  expect(lines('provider')).toEqual(['fail The provider rejects TOAPIS_API_KEY']);
  expect(code).toBe(1);
  expect((await runDoctor(env)).lines('provider')).toEqual([expect.stringMatching(/^ok The key is valid/)]);
});

test('doctor finds an account without balance', async () => {
  const { env } = await startProvider({ balance: 0 });
  const { lines, code } = await runDoctor(env);
  expect(lines('provider')).toEqual(['fail The account has no balance']);
  expect(code).toBe(1);
});

requires('redis').test('doctor compares the balance with the price of the renders that wait', async () => {
  const { env } = await startProvider({ balance: 1 });
  const [prefix, dataDir] = [uniquePrefix(), await tempDir()];
  const engine = await openEngine({
    queueUrl: service('redis').url,
    dataDir,
    role: 'producer',
    prefix,
    onError: () => undefined,
  });
  cleanup(() => engine.close());
  const queues = openQueues(engine, { days: 1 });
  const settings = { ...env, QUEUE_URL: service('redis').url, QUEUE_PREFIX: prefix, PRICES: '0.5,0.6,0.7' };
  await addWaitingRenders(queues, 2);
  expect((await runDoctor(settings)).lines('provider')).toEqual([
    'ok The key is valid, and the balance is 1; 2 renders wait for their purchase, for about $1.000',
  ]);
  await addWaitingRenders(queues, 1);
  expect((await runDoctor(settings)).lines('provider')).toEqual([
    'warn The key is valid, and the balance is 1, but 3 renders wait for their purchase, for about $1.500',
  ]);
});

/** Jobs as the producer adds them, of which the price is read. */
async function addWaitingRenders(queues: Queues, count: number): Promise<void> {
  for (let added = 0; added < count; added += 1) {
    const data = { request: { resolution: '1K' } } as never;
    await queues.render.add('1K', data, { jobId: `rnd_${randomUUID()}`, priority: 10 });
  }
}
