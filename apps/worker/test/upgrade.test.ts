import { readFileSync } from 'node:fs';
import { cp } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { DATA_VERSION } from '@darkroom/shared/render';
import { requires, until } from '@darkroom/testkit';
import { expect, test, vi } from 'vitest';
import type { Fixture } from './fixtures/generate.ts';
import { startFakeProvider } from './support/fake-provider.ts';
import { type Harness, openHarness } from './support/harness.ts';
import { startReceiver } from './support/receiver.ts';
import { newSecret } from './support/webhook-harness.ts';

// A dozen renders go on at the same time.
vi.setConfig({ testTimeout: 120_000 });

/** Every version that persisted data. `fixtures/generate.ts` writes the fixture of the present one. */
const VERSIONS = Array.from({ length: DATA_VERSION }, (_, index) => index + 1);

const findFixture = (version: number) =>
  fileURLToPath(new URL(`./fixtures/version-${version}`, import.meta.url));

/** Puts the fixture's store folder and jobs in place. @returns the ids of its renders, by what they are examples of. */
async function loadFixture({ queues, settings }: Harness, version: number): Promise<Fixture> {
  const folder = findFixture(version);
  await cp(join(folder, 'store'), join(settings.DATA_DIR, 'store'), { recursive: true });
  const fixture = JSON.parse(readFileSync(join(folder, 'queues.json'), 'utf8')) as Fixture;
  for (const { queue, id, name, data, parent, ...options } of fixture.jobs) {
    await queues[queue].add(name, data as never, {
      jobId: id,
      backoff: { type: 'decided' },
      ...options,
      ...(parent
        ? {
            parent: { id: parent, queue: queues.render.qualifiedName },
            continueParentOnFailure: true,
          }
        : {}),
    });
  }
  return fixture;
}

for (const version of VERSIONS) {
  requires('redis').describe(`a queue and a store that version ${version} wrote`, () => {
    test('every render of the fixture ends as it must, and nothing is bought twice', async () => {
      const secret = newSecret();
      const receiver = await startReceiver(secret);
      const provider = await startFakeProvider();
      const harness = await openHarness({
        settings: {
          ALLOW_PRIVATE_HOSTS: true,
          WEBHOOK_SECRETS: [{ value: secret }],
          // The time between two checks of a limit follows from it.
          UNKNOWN_GRACE_MS: 1_000,
        },
      });
      const { renders, jobs } = await loadFixture(harness, version);
      const idOf = (name: string) => renders[name] as string;
      const webhook = jobs.find(({ queue }) => queue === 'webhook');
      const urlKey = (webhook?.data as { to: { key: string } } | undefined)?.to.key ?? '';
      await harness.store.put(urlKey, `${receiver.url}/in`, { contentType: 'text/plain' });
      await harness.startWorker({ provider });

      for (const name of ['finishing', 'held-accepted', 'polled', 'storing', 'unrecorded', 'submitting']) {
        const receipt = await harness.waitForReceipt(idOf(name));
        expect(receipt, name).toMatchObject({
          status: 'completed',
          attempts: 1,
          cost: { spentMicros: 25_000, possiblySpentMicros: 0 },
        });
        expect(receipt.purchases, name).toHaveLength(1);
        expect(await harness.queues.deadLetter.getJob(idOf(name)), name).toBeUndefined();
      }
      expect(await harness.waitForReceipt(idOf('canceled'))).toMatchObject({
        status: 'canceled',
        // Its task is still open at the provider, so it may be refunded.
        cost: { spentMicros: 0, possiblySpentMicros: 25_000 },
        canceled: { from: 'poll' },
      });
      for (const [name, code] of [
        ['burying', 'content_policy_violation'],
        ['held', 'submission_unknown'],
      ] as const) {
        expect(await harness.waitForReceipt(idOf(name)), name).toMatchObject({
          status: 'failed',
          failure: { code },
        });
        await until(() => harness.queues.deadLetter.getJob(idOf(name)));
      }
      // Only the render that had not been submitted is bought now.
      expect(provider.purchases.map(({ renderId }) => renderId)).toEqual([idOf('submitting')]);
      expect((await harness.ledger.readAcceptance(idOf('unrecorded'), 1))?.source).toBe('answer');

      await until(() => receiver.received.length > 0);
      expect(receiver.received.map(({ id, event }) => [id, event.data.id])).toEqual([
        [webhook?.id, idOf('completed')],
      ]);
    });

    test('receipts, dead letters, ledger and day index of the fixture can be read', async () => {
      const harness = await openHarness();
      const { renders } = await loadFixture(harness, version);
      const [completed, failed] = [renders['completed'] as string, renders['failed'] as string];
      const receipt = await harness.ledger.readReceipt(completed);
      expect(receipt).toMatchObject({ status: 'completed', request: { metadata: { example: 'completed' } } });
      expect((await harness.ledger.readReceipt(failed))?.failure?.code).toBe('content_policy_violation');
      expect((await harness.queues.deadLetter.getJob(failed))?.data.failure.code).toBe(
        'content_policy_violation',
      );
      expect((await harness.ledger.readResult(completed, 1))?.expiresAt).toBeGreaterThan(Date.now());
      expect(await harness.ledger.attemptState(completed, 1)).toMatchObject({ kind: 'accepted' });
      const { objects } = await harness.store.list({ prefix: 'by-day/' });
      expect(objects).toHaveLength(Object.keys(renders).length);
    });
  });
}
