import { randomBytes } from 'node:crypto';
import { type Settings } from '@darkroom/shared/config';
import { webhookId } from '@darkroom/shared/queues';
import { until } from '@darkroom/testkit';
import { type Harness, openHarness } from './harness.ts';
import { startReceiver } from './receiver.ts';

export const newSecret = () => `whsec_${randomBytes(32).toString('base64')}`;

/** A receiver, and a harness that tells it of every end. */
export async function openWebhookHarness(settings: Partial<Settings> = {}) {
  const secret = newSecret();
  const receiver = await startReceiver(secret);
  const harness = await openHarness({
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

/** Receivers that hold one of these secrets each, once they were told of a render. */
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

/** Waits for the end of a render's message (its first, unless another is named), or for its next try. */
export async function waitForWebhook(
  harness: Harness,
  id: string,
  state: 'completed' | 'failed' | 'delayed',
  message?: string,
) {
  const messageOf = message ?? webhookId(id, 'completed', 0, 0);
  await until(async () => (await harness.queues.webhook.getJobState(messageOf)) === state, {
    timeout: 30_000,
  });
  const job = await harness.queues.webhook.getJob(messageOf);
  if (!job) throw new Error(`no message ${messageOf}`);
  return job;
}

export const findWebhookDeadLetter = async (harness: Harness, id: string) =>
  (await harness.queues.webhookDeadLetter.getJob(id))?.data;
