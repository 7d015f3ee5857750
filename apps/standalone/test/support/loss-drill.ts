import { randomBytes } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { createDarkroom, type Darkroom, hasEnded } from '@darkroom/client';
import { type ObjectStore, openStore } from '@darkroom/shared/object-store';
import { systemClock } from '@darkroom/shared/runtime';
import {
  cleanup,
  createOwnRedis,
  freePort,
  type NodeProcess,
  plantSecret,
  type RedisServer,
  spawnNode,
  tempDir,
} from '@darkroom/testkit';
import { type Simulator, startSimulator } from '@darkroom/upstream-simulator';
import { startWebhookReceiver } from './webhook-receiver.ts';

const main = (app: string) => fileURLToPath(new URL(`../../../${app}/src/main.ts`, import.meta.url));

export interface LossDrill {
  redis: RedisServer;
  /** Where the API is. */
  url: string;
  store: ObjectStore;
  simulator: Simulator;
  darkroom: Darkroom;
  receiver: Awaited<ReturnType<typeof startWebhookReceiver>>;
  /** @returns the ids of the renders that the API has accepted. */
  accept(count: number): Promise<string[]>;
  /** Ends both workers with SIGKILL and starts two others. */
  replaceWorkers(): Promise<void>;
  /** Ends one worker with SIGKILL and starts another. */
  replaceOneWorker(): Promise<void>;
  /** Ends the producer with SIGKILL and starts another at the same address. */
  replaceProducer(): Promise<void>;
  /** How many of these renders have not ended. */
  countOpen(ids: readonly string[]): Promise<number>;
  /** The renders about whose end no webhook has arrived. */
  listUnreported(ids: readonly string[]): string[];
}

/** Starts a producer and two workers in their own processes, on a Redis that the test may lose. It ends with the test. */
export async function startLossDrill(settings: { UNKNOWN_GRACE_MS?: string } = {}): Promise<LossDrill> {
  const redis = await createOwnRedis();
  await redis.start();
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const webhookSecret = plantSecret();
  const simulator = await startSimulator({
    seed: 10,
    timeScale: 0.1,
    apiKeys: [plantSecret()],
    quota: { submitPerSecond: 30, submitBurst: 60, queryPerSecond: 500, queryBurst: 1000 },
    webhook: { url: `${url}/v1/webhooks/toapis`, secrets: [webhookSecret] },
  });
  cleanup(() => simulator.close());
  const receiver = await startWebhookReceiver({ acknowledges: true });
  const env = {
    QUEUE_URL: redis.url,
    STORE_URL: `file://${await tempDir()}`,
    TOAPIS_BASE_URL: simulator.url,
    TOAPIS_API_KEY: simulator.apiKey,
    TOAPIS_WEBHOOK_SECRET: webhookSecret,
    WEBHOOK_URLS: receiver.url,
    WEBHOOK_SECRETS: `whsec_${randomBytes(32).toString('base64')}`,
    ALLOW_PRIVATE_HOSTS: 'true',
    DATA_DIR: await tempDir(),
    PORT: String(port),
    WORKER_PORT: '0',
    TOAPIS_SUBMIT_PER_SECOND: '25',
    TOAPIS_QUERY_PER_SECOND: '400',
    EXPECTED_LATENCY_MS: '1200',
    LOCK_DURATION_MS: '3000',
    // Longer than the provider takes to send a webhook again to a producer whose Redis was away.
    UNKNOWN_GRACE_MS: '30000',
    ...settings,
  };
  const startProducer = () => spawnNode(main('producer'), { env, name: 'producer' });
  let producer = startProducer();
  const startWorker = () => spawnNode(main('worker'), { env, name: 'worker' });
  let workers: NodeProcess[] = [startWorker(), startWorker()];
  await producer.waitForLine(url);
  const darkroom = createDarkroom({ url });
  const ended = new Set<string>();
  let calls = 0;
  return {
    redis,
    url,
    store: await openStore({ storeUrl: env.STORE_URL, dataDir: env.DATA_DIR, clock: systemClock }),
    simulator,
    darkroom,
    receiver,
    accept: async (count) => {
      calls += 1;
      const requests = Array.from({ length: count }, (_, index) => ({
        model: 'gemini-3-pro-image-preview' as const,
        prompt: `mug ${calls}-${index}`,
        resolution: '1K' as const,
      }));
      const ids: string[] = [];
      for await (const { render, error } of darkroom.renders.createMany(requests)) {
        if (error) throw error;
        ids.push(render.id);
      }
      return ids;
    },
    replaceWorkers: async () => {
      await Promise.all(workers.map((worker) => worker.kill('SIGKILL')));
      workers = [startWorker(), startWorker()];
    },
    replaceOneWorker: async () => {
      await workers.shift()?.kill('SIGKILL');
      workers.push(startWorker());
    },
    replaceProducer: async () => {
      await producer.kill('SIGKILL');
      producer = startProducer();
      await producer.waitForLine(url);
    },
    countOpen: async (ids) => {
      for (const id of ids) {
        if (ended.has(id)) continue;
        const render = await darkroom.renders.get(id).catch(() => undefined);
        if (!render || !hasEnded(render)) return ids.length - ended.size;
        ended.add(id);
      }
      return 0;
    },
    listUnreported: (ids) => {
      const reported = new Set(receiver.webhooks.map(({ event }) => event.data.id));
      return ids.filter((id) => !reported.has(id));
    },
  };
}
