import { randomBytes } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { createDarkroom, type Darkroom } from '@darkroom/client';
import {
  cleanup,
  freePort,
  type HttpProxy,
  type NodeProcess,
  plantSecret,
  service,
  spawnNode,
  startHttpProxy,
  tempDir,
  uniquePrefix,
  uniqueS3Url,
} from '@darkroom/testkit';
import { type Simulator, startSimulator } from '@darkroom/upstream-simulator';
import { startWebhookReceiver } from '../webhook-receiver.ts';
import type { NightPlan } from './plan.ts';

/** An image of twelve seconds takes 0.6 s. */
const TIME_SCALE = 0.05;

const main = (app: string) => fileURLToPath(new URL(`../../../../${app}/src/main.ts`, import.meta.url));

export interface Night {
  simulator: Simulator;
  /** The front end of S3. */
  store: HttpProxy;
  /** The address of the producer. */
  url: string;
  darkroom: Darkroom;
  receiver: Awaited<ReturnType<typeof startWebhookReceiver>>;
  /** Ends a worker with SIGKILL and starts another in its place. */
  replaceWorker(index: 0 | 1): Promise<void>;
  /** Whether a receiver knows about the end of every render. */
  hasDeliveredEnds(): Promise<boolean>;
}

/** Starts everything. It ends with the test. */
export async function startNight(plan: NightPlan): Promise<Night> {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const webhookSecret = plantSecret();
  const simulator = await startSimulator({
    seed: plan.seed,
    timeScale: TIME_SCALE,
    apiKeys: [plantSecret()],
    quota: { submitPerSecond: 30, submitBurst: 60, queryPerSecond: 500, queryBurst: 1000 },
    webhook: { url: `${url}/v1/webhooks/toapis`, secrets: [webhookSecret] },
    faults: plan.faults,
  });
  cleanup(() => simulator.close());
  const { bucket: _, ...access } = service('s3');
  const store = await startHttpProxy(access.endpoint);
  const receiver = await startWebhookReceiver({ acknowledges: true });
  const env = {
    QUEUE_URL: service('redis').url,
    QUEUE_PREFIX: uniquePrefix(),
    STORE_URL: uniqueS3Url(),
    S3_ENDPOINT: store.url,
    AWS_REGION: access.region,
    AWS_ACCESS_KEY_ID: access.accessKeyId,
    AWS_SECRET_ACCESS_KEY: access.secretAccessKey,
    TOAPIS_BASE_URL: simulator.url,
    TOAPIS_API_KEY: simulator.apiKey,
    TOAPIS_WEBHOOK_SECRET: webhookSecret,
    WEBHOOK_URLS: receiver.url,
    WEBHOOK_SECRETS: `whsec_${randomBytes(32).toString('base64')}`,
    ALLOW_PRIVATE_HOSTS: 'true',
    DATA_DIR: await tempDir(),
    PORT: String(port),
    WORKER_PORT: '0',
    // The other settings only shorten the night.
    TOAPIS_SUBMIT_PER_SECOND: '25',
    TOAPIS_QUERY_PER_SECOND: '400',
    EXPECTED_LATENCY_MS: '600',
    UNKNOWN_GRACE_MS: '2000',
    TASK_DEADLINE_MS: '5000',
    TASK_MISSING_GRACE_MS: '2000',
    LOCK_DURATION_MS: '3000',
  };
  const producer = spawnNode(main('producer'), { env, name: 'producer' });
  const startWorker = () => spawnNode(main('worker'), { env, name: 'worker' });
  const workers: [NodeProcess, NodeProcess] = [startWorker(), startWorker()];
  await producer.waitForLine(url);
  // The operator looks again soon, so a call is not repeated for long while the store is away.
  const darkroom = createDarkroom({ url, retry: { tries: 2 } });
  return {
    simulator,
    store,
    url,
    receiver,
    darkroom,
    replaceWorker: async (index) => {
      await workers[index].kill('SIGKILL');
      workers[index] = startWorker();
    },
    hasDeliveredEnds: async () => {
      for await (const { id, status } of darkroom.renders.list({ run: plan.run, limit: 100 })) {
        const isEnd = ({ event }: (typeof receiver.webhooks)[number]) =>
          event.data.id === id && event.type === `render.${status}`;
        if (!receiver.webhooks.some(isEnd)) return false;
      }
      return true;
    },
  };
}
