import { randomBytes } from 'node:crypto';
import { type Settings } from '@darkroom/shared/config';
import { webhookId } from '@darkroom/shared/queues';
import { until } from '@darkroom/testkit';
import { startReceiver } from './receiver.ts';
import { openRig, type Rig } from './harness.ts';

export const newSecret = () => `whsec_${randomBytes(32).toString('base64')}`;

/** A receiver, and a rig that tells it of every end. */
export async function openTelling(settings: Partial<Settings> = {}) {
  const secret = newSecret();
  const receiver = await startReceiver(secret);
  const rig = await openRig({
    settings: {
      ALLOW_PRIVATE_HOSTS: true,
      WEBHOOK_URLS: [{ value: `${receiver.url}/in` }],
      WEBHOOK_SECRETS: [{ value: secret }],
      PUBLIC_URL: 'https://darkroom.example.com',
      ...settings,
    },
  });
  return { rig, receiver, secret };
}

/** Receivers that hold one of these secrets each, once they were told of a render. */
export async function toldToHolders(secrets: string[], holders: string[]) {
  const receivers = await Promise.all(holders.map((secret) => startReceiver(secret)));
  const { rig } = await openTelling({
    WEBHOOK_SECRETS: secrets.map((value) => ({ value })),
    WEBHOOK_URLS: receivers.map(({ url }) => ({ value: url })),
  });
  await rig.work();
  const id = await rig.render();
  for (const index of receivers.keys())
    await told(rig, id, 'completed', webhookId(id, 'completed', 0, index));
  return receivers;
}

/** Waits for the end of a render's message (its first, unless another is named), or for its next try. */
export async function told(
  rig: Rig,
  id: string,
  state: 'completed' | 'failed' | 'delayed',
  message?: string,
) {
  const messageOf = message ?? webhookId(id, 'completed', 0, 0);
  await until(async () => (await rig.queues.webhook.getJobState(messageOf)) === state, { timeout: 30_000 });
  const job = await rig.queues.webhook.getJob(messageOf);
  if (!job) throw new Error(`no message ${messageOf}`);
  return job;
}

export const letterOf = async (rig: Rig, id: string) => (await rig.queues.webhookDeadLetter.getJob(id))?.data;
