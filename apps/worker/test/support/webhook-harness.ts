import { randomBytes } from 'node:crypto';
import { type Settings } from '@darkroom/shared/config';
import { webhookId } from '@darkroom/shared/queues';
import { until } from '@darkroom/testkit';
import { type Harness, type HarnessOptions, openHarness } from './harness.ts';
import { startReceiver } from './receiver.ts';

export const newSecret = () => `whsec_${randomBytes(32).toString('base64')}`;

/** A receiver, and a harness whose tenant sends every webhook to it. */
export async function openWebhookHarness(
  settings: Partial<Settings> = {},
  options: Pick<HarnessOptions, 'simulator'> = {},
) {
  const secret = newSecret();
  const receiver = await startReceiver(secret);
  const harness = await openHarness({
    ...options,
    settings: {
      ALLOW_PRIVATE_HOSTS: true,
      WEBHOOK_URLS: [{ value: `${receiver.url}/in` }],
      WEBHOOK_SECRETS: [{ value: secret }],
      PUBLIC_URL: 'https://darkroom.example.com',
      ...settings,
    },
  });
  return { harness, receiver, secret };
}

/** One receiver per holder, each with one of the secrets, after the webhook of a render was delivered to all of them. */
export async function deliverToSecretHolders(secrets: string[], holders: string[]) {
  const receivers = await Promise.all(holders.map((secret) => startReceiver(secret)));
  const { harness } = await openWebhookHarness({
    WEBHOOK_SECRETS: secrets.map((value) => ({ value })),
    WEBHOOK_URLS: receivers.map(({ url }) => ({ value: url })),
  });
  await harness.startWorker();
  const id = await harness.enqueue();
  for (const index of receivers.keys())
    await waitForWebhook(harness, id, 'completed', webhookId(id, 'completed', 0, index));
  return receivers;
}

/** Waits until a webhook (the first of a completed render, if none is named) is in this state. */
export async function waitForWebhook(
  harness: Harness,
  id: string,
  state: 'completed' | 'failed' | 'delayed',
  webhook?: string,
) {
  const jobId = webhook ?? webhookId(id, 'completed', 0, 0);
  await until(async () => (await harness.queues.webhook.getJobState(jobId)) === state, {
    timeout: 30_000,
  });
  const job = await harness.queues.webhook.getJob(jobId);
  if (!job) throw new Error(`no webhook ${jobId}`);
  return job;
}

export const findWebhookDeadLetter = async (harness: Harness, id: string) =>
  (await harness.queues.webhookDeadLetter.getJob(id))?.data;

/** The webhooks in the queue, of one render or of all. Their state is that of the queue, for people: `pending` and so on. */
export async function findWebhooks({ queues }: Harness, renderId?: string) {
  const jobs = await queues.webhook.getJobs();
  const own = jobs.filter(
    (job) => renderId === undefined || ('renderId' in job.data && job.data.renderId === renderId),
  );
  return Promise.all(
    own.map(async (job) => {
      const state = await job.getState();
      const { nextAttemptAt } = job.data;
      return {
        id: job.id as string,
        status: state === 'completed' ? 'delivered' : state === 'failed' ? 'failed' : 'pending',
        attempts: job.attemptsMade,
        ...(state === 'delayed' && nextAttemptAt !== undefined ? { nextAttemptAt } : {}),
      };
    }),
  );
}
