import type { Queues, WebhookDeadLetter, WebhookJob } from '@darkroom/shared/queues';

/**
 * How a message is put into the queue. BullMQ counts its tries and the worker decides about them, by their number
 * and what the receiver said: BullMQ's own limit only must not come first.
 */
export const webhookJobOptions = (id: string) => ({
  jobId: id,
  attempts: 1_000,
  backoff: { type: 'decided' },
});

/**
 * Tells a message again, under its own id, so that a receiver that had taken it can know it: one that failed or was
 * delivered gets a fresh set of tries and loses its dead letter, one that waits for its next try is tried now.
 *
 * @returns whether there is such a message. Throws what the engine throws.
 */
export async function redeliverWebhook(queues: Queues, id: string): Promise<boolean> {
  const job = await queues.webhook.getJob(id);
  const letter = await queues.webhookDeadLetter.getJob(id);
  if (job) {
    // The letter first: a message that dies again at once leaves a new one.
    if (letter) await queues.webhookDeadLetter.remove(id);
    const state = await job.getState();
    // Somebody else may be faster: it is in the queue then, which is all that was asked for.
    if (state === 'delayed') await job.promote().catch(() => undefined);
    if (state === 'failed' || state === 'completed') {
      await job.retry(state, { resetAttemptsMade: true }).catch(async (error: unknown) => {
        if ((await job.getState()) === state) throw error;
      });
    }
    return true;
  }
  if (!letter) return false;
  const { status } = letter.data;
  await queues.webhook.add(status, webhookFromDeadLetter(letter.data), webhookJobOptions(id));
  await queues.webhookDeadLetter.remove(id);
  return true;
}

function webhookFromDeadLetter(letter: WebhookDeadLetter): WebhookJob {
  const { attempts: _attempts, diedAt: _diedAt, nextAttemptAt: _nextTryAt, ...job } = letter;
  return job;
}
