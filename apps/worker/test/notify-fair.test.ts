import { webhookId } from '@darkroom/shared/queues';
import { latch, requires, until } from '@darkroom/testkit';
import { expect, test } from 'vitest';
import { findDeliveries } from '../../producer/src/backends/webhook-deliveries.ts';
import { wakeMessageOf } from '../src/bullmq/index.ts';
import { startReceiver } from './receiver.ts';
import { openTelling, told } from './telling.ts';

const metric = async (url: string, name: string) => {
  const text = await (await fetch(`${url}/metrics`)).text();
  return Number(new RegExp(`^${name}(?:\\{.*\\})? (\\d+)$`, 'm').exec(text)?.[1] ?? Number.NaN);
};

requires('redis').describe('a receiver that hangs', () => {
  test("does not hold up another's webhooks, and loses none of its own", async () => {
    const {
      rig,
      receiver: hung,
      secret,
    } = await openTelling({
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
    // Canceled before they are bought: two hundred ends that cost the machine little.
    const ids = await Promise.all(Array.from({ length: 200 }, () => rig.render()));
    await Promise.all(ids.map((id) => rig.mark(id)));
    const worker = await rig.work();
    await until(() => hung.received.length === 2, { timeout: 20_000 });

    const webhook = { kind: 'url', url: `${well.url}/in` } as const;
    const other = await rig.render({ webhook });
    // Nobody has let the hung one go: it is delivered beside it, or never.
    await told(rig, other, 'completed');
    expect(well.received).toHaveLength(1);
    expect(hung.received).toHaveLength(2);

    const messages = ids.map((id) => webhookId(id, 'canceled', 0, 0));
    await until(async () => (await metric(worker.url, 'darkroom_webhook_waits_total')) >= 198, {
      timeout: 20_000,
    });
    const waiting = (await Promise.all(ids.map((id) => findDeliveries(rig.queues, id)))).flat();
    expect(waiting).toHaveLength(200);
    expect(new Set(waiting.map(({ attempts, status }) => `${attempts} ${status}`))).toEqual(
      new Set(['0 pending']),
    );
    const [put] = waiting.filter(({ nextAttemptAt }) => nextAttemptAt !== undefined);
    const { logs } = await rig.queues.webhook.getJobLogs(put?.id ?? '');
    expect(logs).toEqual([expect.stringMatching(/ waits: its receiver has 2 others under way$/)]);
    answers.open();
    await until(() => hung.received.length === 200, { timeout: 60_000 });
    for (const message of messages) {
      await until(async () => (await rig.queues.webhook.getJobState(message)) === 'completed');
    }
    expect(new Set(hung.received.map(({ id }) => id))).toEqual(new Set(messages));
    expect(most).toBe(2);
    expect(await rig.queues.webhookDeadLetter.count()).toBe(0);
    const moves = await metric(worker.url, 'darkroom_webhook_waits_total');
    expect(moves).toBeLessThan(3 * 200);
  }, 120_000);

  test('has a message that was tried since keep its pause: only who waits for a place is waked', async () => {
    const { rig, receiver } = await openTelling();
    receiver.react((response) => void response.writeHead(500).end());
    await rig.work();
    const { id = '' } = await told(rig, await rig.render(), 'delayed');
    const wake = wakeMessageOf(rig.queues);
    expect(await wake({ id, attemptsMade: 0 })).toBe('gone');
    expect(await rig.queues.webhook.getJobState(id)).toBe('delayed');
    expect(await wake({ id, attemptsMade: 1 })).toBe('woken');
    expect(await wake({ id: 'msg_of_nobody', attemptsMade: 0 })).toBe('gone');
  });
});
