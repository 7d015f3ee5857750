import { webhookId } from '@darkroom/shared/queues';
import { latch, requires, until } from '@darkroom/testkit';
import { expect, test } from 'vitest';
import { createWebhookWaker } from '../../src/bullmq/index.ts';
import { refuse, startReceiver } from '../support/receiver.ts';
import { findWebhooks, openWebhookHarness, waitForWebhook } from '../support/webhook-harness.ts';

const readMetric = async (url: string, name: string) => {
  const text = await (await fetch(`${url}/metrics`)).text();
  return Number(new RegExp(`^${name}(?:\\{.*\\})? (\\d+)$`, 'm').exec(text)?.[1] ?? Number.NaN);
};

requires('redis').describe('a receiver that hangs', () => {
  test('a hanging receiver does not delay the webhooks of another, and loses none of its own', async () => {
    const {
      harness,
      receiver: hung,
      secret,
    } = await openWebhookHarness({
      WEBHOOK_CONCURRENCY: 4,
      WEBHOOK_TIMEOUT_MS: 60_000,
      RENDER_CONCURRENCY: 50,
    });
    const well = await startReceiver(secret);
    const answers = latch();
    let open = 0;
    let most = 0;
    hung.react((response) => {
      open += 1;
      most = Math.max(most, open);
      void answers.wait(120_000).then(() => {
        open -= 1;
        response.writeHead(204).end();
      });
    });
    // Canceled before they are bought: two hundred ends at little cost.
    const ids = await Promise.all(Array.from({ length: 200 }, () => harness.enqueue()));
    await Promise.all(ids.map((id) => harness.putCancelMarker(id)));
    const worker = await harness.startWorker();
    await until(() => hung.received.length === 2, { timeout: 20_000 });

    const webhook = { kind: 'url', url: `${well.url}/in` } as const;
    const other = await harness.enqueue({ webhook });
    // The hanging receiver still hangs: the webhook is delivered beside its webhooks, or never.
    await waitForWebhook(harness, other, 'completed');
    expect(well.received).toHaveLength(1);
    expect(hung.received).toHaveLength(2);

    const webhookIds = ids.map((id) => webhookId(id, 'canceled', 0, 0));
    await until(async () => (await readMetric(worker.url, 'darkroom_webhook_waits_total')) >= 198, {
      timeout: 20_000,
    });
    const canceled = new Set(webhookIds);
    const waiting = (await findWebhooks(harness)).filter(({ id }) => canceled.has(id));
    expect(waiting).toHaveLength(200);
    expect(new Set(waiting.map(({ attempts, status }) => `${attempts} ${status}`))).toEqual(
      new Set(['0 pending']),
    );
    const [put] = waiting.filter(({ nextAttemptAt }) => nextAttemptAt !== undefined);
    const { logs } = await harness.queues.webhook.getJobLogs(put?.id ?? '');
    // On a slow machine, it has come back and was put off again.
    const reason = / waits: 2 other webhooks to its host are in flight$/;
    expect(new Set(logs.map((line) => reason.test(line)))).toEqual(new Set([true]));
    answers.open();
    await until(() => hung.received.length === 200, { timeout: 60_000 });
    for (const message of webhookIds) {
      await until(async () => (await harness.queues.webhook.getJobState(message)) === 'completed');
    }
    expect(new Set(hung.received.map(({ id }) => id))).toEqual(new Set(webhookIds));
    expect(most).toBe(2);
    expect(await harness.queues.webhookDeadLetter.count()).toBe(0);
    const moves = await readMetric(worker.url, 'darkroom_webhook_waits_total');
    expect(moves).toBeLessThan(3 * 200);
  }, 120_000);

  test('a webhook that was tried since keeps its delay: only a deferred webhook is woken', async () => {
    const { harness, receiver } = await openWebhookHarness();
    receiver.react(refuse);
    await harness.startWorker();
    const { id = '' } = await waitForWebhook(harness, await harness.enqueue(), 'delayed');
    const wake = createWebhookWaker(harness.queues);
    expect(await wake({ id, attemptsMade: 0 })).toBe('gone');
    expect(await harness.queues.webhook.getJobState(id)).toBe('delayed');
    expect(await wake({ id, attemptsMade: 1 })).toBe('woken');
    expect(await wake({ id: 'msg_of_no_render', attemptsMade: 0 })).toBe('gone');
  });
});
