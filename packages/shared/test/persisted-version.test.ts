import { tempDir } from '@darkroom/testkit';
import { expect, test } from 'vitest';
import { type Acceptance, type Intent, Ledger, type TaskResult } from '../src/ledger/index.ts';
import { openStore } from '../src/object-store/index.ts';
import type {
  CancelMarker,
  MaintenanceJob,
  StoreJob,
  SubmitJob,
  WebhookDeadLetter,
  WebhookJob,
} from '../src/queues/index.ts';
import {
  acceptedKey,
  type Checkpoint,
  checkpointSchema,
  DATA_VERSION,
  type DeadLetter,
  intentKey,
  type PersistedKind,
  type Receipt,
  receiptSchema,
  refundKey,
  releaseKey,
  resultKey,
  statementKey,
} from '../src/render/index.ts';
import { systemClock } from '../src/runtime/index.ts';

interface Versioned {
  version: typeof DATA_VERSION;
}

/** The data of all queues and the receipt. The ledger adds the version itself when it writes its six kinds. */
interface Shapes
  extends Record<
    Exclude<PersistedKind, 'intent' | 'release' | 'statement' | 'acceptance' | 'result' | 'refund'>,
    Versioned
  > {
  checkpoint: Checkpoint;
  'submit-job': SubmitJob;
  'store-job': StoreJob;
  'webhook-job': WebhookJob;
  'webhook-dead-letter': WebhookDeadLetter;
  'dead-letter': DeadLetter;
  'cancel-marker': CancelMarker;
  'maintenance-job': MaintenanceJob;
  receipt: Receipt;
}

test('the type of every persisted job and receipt requires the version', () => {
  // The type-checker is the test: without `version` in one of the shapes, `Shapes` is an error.
  const version: Shapes[keyof Shapes]['version'] = DATA_VERSION;
  expect(version).toBe(DATA_VERSION);
});

test.each([
  ['checkpoint', checkpointSchema],
  ['receipt', receiptSchema],
])('the schema of a %s requires the present version', (_, schema) => {
  const { version } = schema.shape;
  expect(version.parse(DATA_VERSION)).toBe(DATA_VERSION);
  for (const wrong of [undefined, DATA_VERSION - 1, DATA_VERSION + 1, String(DATA_VERSION)])
    expect(version.safeParse(wrong).success).toBe(false);
});

test('the ledger writes the version into all that it keeps, and requires it to read them', async () => {
  const store = await openStore({ dataDir: await tempDir(), clock: systemClock });
  const ledger = new Ledger(store, systemClock);
  const id = 'rnd_00000000000000000000000000000001';
  const intent: Omit<Intent, 'claimedAt'> = {
    owner: 'a',
    provider: 'toapis',
    claimedBy: 'test',
    request: {
      model: 'gemini-3-pro-image-preview',
      prompt: 'p',
      resolution: '1K',
      images: [],
      priority: 'batch',
    },
  };
  const acceptance: Acceptance = {
    provider: 'toapis',
    taskId: 'task_1',
    acceptedAt: 1,
    costMicros: 25_000,
    source: 'answer',
  };
  const result: TaskResult = { url: 'https://example.com/1.png', expiresAt: 2 };
  const claim = { renderId: id, attempt: 1, claim: 1 };
  await ledger.claim(claim, intent);
  await ledger.release(claim, { owner: 'a', reason: 'rate limited' });
  await ledger.writeAcceptance(id, 1, acceptance);
  await ledger.writeResult(id, 1, result);
  await ledger.writeRefund(id, 1, { refundedAt: 3, reason: 'failed' });
  await ledger.addStatement(id, 1, { kind: 'not_bought', actor: 'ann' });

  const reads: [string, () => Promise<unknown>][] = [
    [acceptedKey(id, 1), () => ledger.readAcceptance(id, 1)],
    [resultKey(id, 1), () => ledger.readResult(id, 1)],
    [refundKey(id, 1), () => ledger.readRefund(id, 1)],
    [statementKey(id, 1), () => ledger.readStatement(id, 1)],
    // Without an acceptance, the state of the attempt is its claims and their releases.
    [releaseKey(id, 1), () => ledger.attemptState(id, 1)],
    [intentKey(id, 1), () => ledger.attemptState(id, 1)],
  ];
  for (const [key, read] of reads) {
    const written = JSON.parse(Buffer.from((await store.get(key)) ?? []).toString('utf8'));
    expect(written.version).toBe(DATA_VERSION);
    await read();
    const { version: _, ...unversioned } = written;
    await store.put(key, JSON.stringify(unversioned), { contentType: 'application/json' });
    await expect(read()).rejects.toThrow(/version/);
    await store.delete(key);
  }
});
